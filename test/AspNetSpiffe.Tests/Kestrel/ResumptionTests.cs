using System.Net.Security;
using System.Security.Authentication;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Handshakes;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>A server of ours takes no session back: every connection proves anew who is at its other end.</summary>
public sealed class ResumptionTests(ITestOutputHelper output) : IssuedTest(output)
{
    private const string Workload = "spiffe://example.org/workload";

    // Two CAs of one trust domain: that of the client can go without taking ours along.
    private readonly TestPki _pki = new("example.org", intermediates: 1);
    private readonly TestPki _peerPki = new("example.org", intermediates: 1);

    private TestIdentity Identity => new(_pki.Leaf("/server"), _pki.Root.Certificate, _peerPki.Root.Certificate);

    [Theory, Trait("Spec", "XV-p")]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_client_of_the_framework_succeeds_on_every_connection(SslProtocols protocol)
    {
        var relay = RelayTo(await StartServerAsync(await IssueAsync(Identity), protocol));
        using var client = ClientOf(new Presented(_peerPki.Leaf()), relay.Address);
        await AssertNeverResumesAsync(client, relay, Workload);
    }

    [Theory, Trait("Spec", "XV-p")]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_client_of_ours_succeeds_on_every_connection(SslProtocols protocol)
    {
        var relay = RelayTo(await StartServerAsync(await IssueAsync(Identity), protocol));
        var agent = await IssueAsync(new(_pki.Leaf("/client"), _pki.Root.Certificate));
        using var client = ClientOf(await SourceAsync(agent), relay.Address);
        await AssertNeverResumesAsync(client, relay, "spiffe://example.org/client");
    }

    // Our server gives no session to TLS 1.2, so the client comes with that of another endpoint of this process, which has our SVID and lets clients resume.
    [Theory, Trait("Spec", "XV-p")]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_client_whose_CA_was_removed_cannot_resume_its_old_session(SslProtocols protocol)
    {
        var identity = Identity;
        var agent = await IssueAsync(identity);
        var server = await StartServerAsync(agent, protocol);
        var (ours, lax) = (RelayTo(server), RelayTo(await StartServerAsync(new Presented(identity.Svid), protocol)));
        var options = new Presented(_peerPki.Leaf()).ToClientOptions(protocol);

        // While a connection is open, so are the TLS contexts of both its ends, which keep the sessions. The framework throws contexts away that nobody uses, all at once,
        // when their number reaches a multiple of 32; other tests of this process add theirs.
        using var open = Client(lax.Address, new SocketsHttpHandler { SslOptions = options });
        await GetAsync(open);
        await AskAsync(lax, options);
        Assert.Equal([false, true], lax.Connections.Select(c => c.IsResumed));
        Assert.Equal(Workload, await AskAsync(ours, options));

        await ReissueAsync(agent, server.Services.GetRequiredService<X509Source>(), identity with { Authorities = [_pki.Root.Certificate] });
        using var client = ClientOf(options, ours.Address);
        await AssertRefusedAsync(client, RejectionReason.NotTrusted, Workload);
        Assert.All(ours.Connections, c => Assert.Equal((true, false), (c.IsOffered, c.IsResumed)));
    }

    [Theory, Trait("Spec", "XV-p")]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_client_whose_CA_was_removed_is_refused_on_a_new_connection(SslProtocols protocol)
    {
        var identity = Identity;
        var agent = await IssueAsync(identity);
        var server = await StartServerAsync(agent, protocol);
        using var client = ClientOf(new Presented(_peerPki.Leaf()), NamedAddressOf(server));
        Assert.Equal(Workload, await GetAsync(client));

        await ReissueAsync(agent, server.Services.GetRequiredService<X509Source>(), identity with { Authorities = [_pki.Root.Certificate] });
        using var next = ClientOf(new Presented(_peerPki.Leaf("/next")), NamedAddressOf(server));
        await AssertRefusedAsync(next, RejectionReason.NotTrusted, "spiffe://example.org/next");
    }

    private async Task<string> AskAsync(Relay relay, SslClientAuthenticationOptions options)
    {
        using var client = ClientOf(options, relay.Address);
        return await GetAsync(client);
    }
}
