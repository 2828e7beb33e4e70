using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests.WorkloadApi;

/// <summary>A verdict is the same whatever the machine's time zone and whatever lies in its certificate stores: in a process of its own, which reads both at its start.</summary>
public sealed class MachineStateTests : IDisposable
{
    private readonly TestPki _pki = new("td", intermediates: 1);
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("home-");
    private readonly CancellationTokenSource _patience = new(HangLimit.OfATest);

    public void Dispose()
    {
        _patience.Dispose();
        _home.Delete(recursive: true);
    }

    [Theory, Trait("Trial", "H-09"), Trait("Spec", "XV-u")]
    [InlineData("JST-9")]
    [InlineData("EST+12")]
    [InlineData("Asia/Tokyo")]
    [InlineData("UTC")]
    public async Task The_time_zone_changes_no_verdict(string zone)
    {
        Assert.Equal(0, (await FetchAsync(_pki.Leaf(l => l with { NotBefore = l.NotBefore.AddMinutes(59) }), zone)).ExitCode);

        var expired = await FetchAsync(_pki.Leaf(l => l with { NotBefore = l.NotBefore.AddHours(-2), NotAfter = l.NotBefore }), zone);
        Assert.NotEqual(0, expired.ExitCode);
        Assert.Contains("Expired", expired.All, StringComparison.Ordinal);
    }

    [Fact, Trait("Trial", "H-21"), Trait("Spec", "XV-w")]
    public async Task An_intermediate_in_the_users_store_does_not_stand_in_for_one_that_was_not_sent()
    {
        var store = _home.CreateSubdirectory(".dotnet/corefx/cryptography/x509stores/ca");
        await File.WriteAllBytesAsync(Path.Combine(store.FullName, $"{_pki.Issuer.Certificate.Thumbprint}.pfx"), _pki.Issuer.Certificate.Export(X509ContentType.Pkcs12));

        var whole = _pki.Leaf();
        Assert.Equal(0, (await FetchAsync(whole)).ExitCode);

        var alone = await FetchAsync(whole, sendIntermediates: false);
        Assert.NotEqual(0, alone.ExitCode);
        Assert.Contains("NotTrusted", alone.All, StringComparison.Ordinal);
    }

    private async Task<ProgramResult> FetchAsync(TestSvid svid, string zone = "UTC", bool sendIntermediates = true)
    {
        await using var agent = await FakeAgent.StartAsync();
        var message = _pki.Response(svid);
        if (!sendIntermediates) message.Svids[0].X509Svid = Google.Protobuf.ByteString.CopyFrom(svid.Leaf.RawData);
        agent.Greeting = message;

        await using var tool = BuiltProgram.Start(
            new() { ["TZ"] = zone, ["HOME"] = _home.FullName, ["DOTNET_CLI_HOME"] = _home.FullName }, "AspNetSpiffe.Cli", "aspnet-spiffe", "fetch", "x509", "--socket", agent.Address);
        return await tool.FinishAsync("", _patience.Token);
    }
}
