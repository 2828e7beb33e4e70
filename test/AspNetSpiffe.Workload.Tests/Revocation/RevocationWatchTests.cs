using AspNetSpiffe.TestKit;
using AspNetSpiffe.Workload.Tests.Files;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Workload.Tests.Revocation;

/// <summary>Lists in files, looked at each second of the test's clock.</summary>
public sealed class RevocationWatchTests(ITestOutputHelper output) : FileTest(output)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private TestSvid Peer => field ??= Pki.Leaf("/peer");

    [Fact]
    public async Task A_list_that_is_renewed_revokes_whom_it_names_and_the_source_tells_of_it()
    {
        var source = await StartWithListsAsync(Pki.Issuer.List(1));
        Assert.True(Verify(source).Accepted);
        var changed = source.GetChangeToken().ChangedAsync(Patience);
        await RenewAsync(Pki.Issuer.List(2, null, Peer.Leaf));
        await changed;
        Assert.Equal(RejectionReason.Revoked, Verify(source).Reason);
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("text")]
    [InlineData("half")]
    [InlineData("older")]
    public async Task A_bad_list_is_told_once_and_the_last_good_one_stays(string what)
    {
        ExpectWarning("RevocationListRefused");
        var source = await StartWithListsAsync(Pki.Issuer.List(5, null, Peer.Leaf));
        Assert.Equal(RejectionReason.Revoked, Verify(source).Reason);

        var path = Folder.PathOf("leaf.crl");
        if (what == "nothing") File.Delete(path);
        else await File.WriteAllBytesAsync(path, what switch { "text" => "<html>"u8.ToArray(), "half" => Pki.Issuer.List(6)[..100], _ => Pki.Issuer.List(4) }, Patience);
        await LookAtListsAsync(10);
        var refused = await WaitForAsync("RevocationListRefused", Patience);
        Assert.StartsWith($"The certificate revocation list '{path}' of 'example.org' has an error.", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("List: the last valid one is kept.", refused.Message, StringComparison.Ordinal);
        Assert.Single(Logs.All, record => record.Event.Name == "RevocationListRefused");
        Assert.Equal(RejectionReason.Revoked, Verify(source).Reason);

        await RenewAsync(Pki.Issuer.List(6), taken: 3);
        Assert.True(Verify(source).Accepted);
    }

    [Fact]
    public async Task A_forged_list_takes_nobody_out_of_the_good_one()
    {
        var source = await StartWithListsAsync(Pki.Issuer.List(5, null, Peer.Leaf));
        Assert.Equal(RejectionReason.Revoked, Verify(source).Reason);
        await RenewAsync(Pki.Root.Intermediate(spec => spec with { Subject = Pki.Issuer.Certificate.Subject }).List(6));
        Assert.Equal(RejectionReason.Revoked, Verify(source).Reason);
    }

    [Fact]
    public async Task A_list_that_is_not_renewed_in_time_is_told_of_and_is_no_answer_any_more()
    {
        ExpectWarning("RevocationListRefused");
        var source = await StartWithListsAsync(Pki.Issuer.List(5, Time.GetUtcNow().AddMinutes(10)));
        Assert.True(Verify(source).Accepted);
        Time.Advance(TimeSpan.FromMinutes(11));
        await LookAtListsAsync(2);
        Assert.Contains("It should have been renewed by", (await WaitForAsync("RevocationListRefused", Patience)).Message, StringComparison.Ordinal);
        Assert.Equal(RejectionReason.RevocationUnknown, Verify(source).Reason);
    }

    [Fact]
    public async Task Before_its_list_has_come_nobody_of_a_trust_domain_is_let_in()
    {
        ExpectWarning("RevocationListRefused");
        Write(Pki.Leaf("/workload"));
        var source = await StartGoodAsync(CertManager(options => options.Revocation.Lists["example.org"] = [Folder.PathOf("missing.crl")]));
        Assert.EndsWith("The file '" + Folder.PathOf("missing.crl") + "' does not exist. List: none received yet.", (await WaitForAsync("RevocationListRefused", Patience)).Message, StringComparison.Ordinal);
        Assert.Equal(RejectionReason.RevocationUnknown, Verify(source).Reason);
    }

    [Theory]
    [InlineData("Spiffe:Revocation:Lists:Example: is not the name of a trust domain, such as example.org.", "Lists:Example=/x")]
    [InlineData("Spiffe:Revocation:Lists:example.org: is empty. Name a list, or remove the key.", "Lists:example.org=")]
    [InlineData("Spiffe:Revocation:Lists:example.org: 'ftp://x/y' is neither a path nor an http or https URL without user information.", "Lists:example.org:0=ftp://x/y")]
    [InlineData("Spiffe:Revocation:Lists:example.org: 'https://me@x/y' is neither a path nor an http or https URL without user information.", "Lists:example.org:0=https://me@x/y")]
    [InlineData("Spiffe:Revocation:OnUnknown: 'Ignore' is none of Refuse, Accept.", "OnUnknown=Ignore")]
    [InlineData("Spiffe:Revocation:RefreshInterval: must be from 00:00:01 to 1.00:00:00, but is 2.00:00:00.", "RefreshInterval=2.00:00:00")]
    [InlineData("Spiffe:Revocation:List: unknown key. Did you mean 'Spiffe:Revocation:Lists'?", "List=/x")]
    public async Task A_mistake_is_told_with_its_key(string mistake, string setting)
    {
        var parts = setting.Split('=');
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Spiffe:EndpointSocket", "unix:///x"), new($"Spiffe:Revocation:{parts[0]}", parts[1])]).Build();
        await using var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddSpiffe().BuildServiceProvider();
        Assert.Contains(mistake, Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<SpiffeOptions>>().Value).Failures);
    }

    private async Task<X509Source> StartWithListsAsync(byte[] ofIssuer)
    {
        Write(Pki.Leaf("/workload"));
        await File.WriteAllBytesAsync(Folder.PathOf("leaf.crl"), ofIssuer, Patience);
        await File.WriteAllBytesAsync(Folder.PathOf("root.crl"), Pki.Root.List(1), Patience);
        var source = await StartGoodAsync(CertManager(options => options.Revocation.Lists["example.org"] = [Folder.PathOf("leaf.crl"), Folder.PathOf("root.crl")]));
        await WaitForAsync("RevocationListTaken", Patience, times: 2);
        return source;
    }

    private async Task RenewAsync(byte[] list, int taken = 3)
    {
        await File.WriteAllBytesAsync(Folder.PathOf("leaf.crl"), list, Patience);
        await LookAtListsAsync(10);
        await WaitForAsync("RevocationListTaken", Patience, taken);
    }

    private async Task LookAtListsAsync(int times)
    {
        for (var look = 0; look < times; look++)
        {
            await Time.WaitForTimerAsync(Patience, Interval);
            Time.Advance(Interval);
        }

        await Time.WaitForTimerAsync(Patience, Interval);
    }

    private VerificationResult Verify(X509Source source) => source.Verify(Peer.Leaf, [.. Peer.Intermediates], PeerRole.Client);
}
