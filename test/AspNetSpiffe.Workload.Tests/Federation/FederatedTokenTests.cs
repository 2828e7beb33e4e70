using AspNetSpiffe.TestKit;
using AspNetSpiffe.Workload.Tests.Sources;

namespace AspNetSpiffe.Workload.Tests.Federation;

/// <summary>Tokens of a trust domain with an endpoint are verified with the keys that came from there.</summary>
public sealed class FederatedTokenTests(ITestOutputHelper output) : JwtBundleSourceTest(output)
{
    private static readonly TimeSpan Hint = TimeSpan.FromMinutes(1);
    private static readonly TrustDomain Partner = TrustDomain.Parse("partner");

    [Fact]
    public async Task The_keys_of_an_endpoint_verify_tokens_and_those_of_the_agent_do_not()
    {
        var (theirs, others) = (TestKey.Create(KeyKind.P256), TestKey.Create(KeyKind.P256));
        var web = new TestPki("web");
        await using var server = await BundleServer.StartAsync(web.Leaf(leaf => leaf with { Uris = [], Subject = "CN=web", IpAddresses = [System.Net.IPAddress.Loopback] }), Bundle(theirs));
        var roots = Path.GetTempFileName();
        await File.WriteAllTextAsync(roots, web.Root.Certificate.ExportCertificatePem(), Patience);
        var options = new SpiffeOptions { EndpointSocket = Agent.Address };
        options.Federation["partner"] = new() { Url = server.Url, Profile = BundleEndpointProfile.HttpsWeb, RootsFile = roots };
        await using var source = new JwtBundleSource(options, Loggers, Time);
        File.Delete(roots);

        Agent.Send(Message(("td", [("k1", Key)]), ("partner", [("k1", others)])));
        source.Start();
        await source.WaitForFirstAsync(Patience);
        await UntilAsync(source, theirs);
        Assert.True(source.Verify(Token(theirs, subject: "spiffe://partner/web"), Us).Accepted);
        Assert.True(source.Verify(Token(Key), Us).Accepted);
        Assert.Equal(JwtRejectionReason.BadSignature, source.Verify(Token(others, subject: "spiffe://partner/web"), Us).Reason);

        server.Serve(Bundle(others));
        Time.Advance(Hint);
        await UntilAsync(source, others);
        Assert.Equal(JwtRejectionReason.BadSignature, source.Verify(Token(theirs, subject: "spiffe://partner/web"), Us).Reason);
    }

    private static SpiffeBundle Bundle(TestKey key) => new(new(Partner, []), new(Partner, [new("k1", key.PublicKey)]), null, Hint);

    private async Task UntilAsync(JwtBundleSource source, TestKey key)
    {
        while (true)
        {
            var changed = source.GetChangeToken();
            if (source.Current!.Find(Partner) is { } bundle && bundle.Equals(Bundle(key).Jwt)) return;
            await changed.ChangedAsync(Patience);
        }
    }
}
