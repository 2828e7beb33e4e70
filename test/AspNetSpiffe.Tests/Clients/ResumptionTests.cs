using System.Security.Authentication;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Handshakes;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>A client of ours offers no session, also to a server that would resume it: every connection proves anew who answers.</summary>
public sealed class ResumptionTests(ITestOutputHelper output) : IssuedTest(output)
{
    // Two CAs of one trust domain: that of the server can go without taking ours along.
    private readonly TestPki _pki = new("example.org", intermediates: 1);
    private readonly TestPki _peerPki = new("example.org", intermediates: 1);

    private TestIdentity Identity => new(_pki.Leaf("/client"), _pki.Root.Certificate, _peerPki.Root.Certificate);

    [Theory, Trait("Spec", "XV-p")]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_server_succeeds_on_every_connection(SslProtocols protocol)
    {
        var relay = RelayTo(await StartServerAsync(new Presented(_peerPki.Leaf("/server")), protocol));
        using var client = ClientOf(await SourceAsync(await IssueAsync(Identity)), relay.Address, SpiffeIdPattern.Parse(Expected));
        await AssertNeverResumesAsync(client, relay);
        Assert.DoesNotContain(relay.Connections, c => c.IsOffered);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_server_with_a_Web_PKI_certificate_is_verified_on_every_connection(SslProtocols protocol)
    {
        var web = new TestPki("web.test", intermediates: 1);
        var relay = RelayTo(await StartServerAsync(new Presented(web.Leaf(leaf => leaf with { Uris = [], DnsNames = ["localhost"] })), protocol));
        var source = await SourceAsync(await IssueAsync(Identity));
        using var client = Client(relay.Address, SpiffeHttpHandler.CreateMtlsToWeb(source, [web.Root.Certificate], static handler => handler.PooledConnectionLifetime = TimeSpan.Zero));
        await AssertNeverResumesAsync(client, relay);
        Assert.DoesNotContain(relay.Connections, c => c.IsOffered);
    }

    [Theory, Trait("Spec", "XV-p")]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_server_whose_CA_was_removed_is_refused_on_the_next_connection(SslProtocols protocol)
    {
        var relay = RelayTo(await StartServerAsync(new Presented(_peerPki.Leaf("/server")), protocol));
        var identity = Identity;
        var agent = await IssueAsync(identity);
        var source = await SourceAsync(agent);
        using var client = ClientOf(source, relay.Address, SpiffeIdPattern.Parse(Expected));
        await GetAsync(client);

        await ReissueAsync(agent, source, identity with { Authorities = [_pki.Root.Certificate] });
        await AssertServerRefusedAsync(client, RejectionReason.NotTrusted, Expected);
        Assert.Equal([(false, false), (false, false)], relay.Connections.Select(c => (c.IsOffered, c.IsResumed)));
    }
}
