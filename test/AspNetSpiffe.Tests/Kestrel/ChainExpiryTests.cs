using System.Net;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Handshakes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>A connection ends with the first certificate of its peer's chain that expires, and not a moment earlier.</summary>
public sealed class ChainExpiryTests(ITestOutputHelper output) : PeerLifeTest(output)
{
    private static readonly TimeSpan Short = TimeSpan.FromMinutes(5);

    [Theory, Trait("Trial", "H-10"), Trait("Trial", "H-24"), Trait("Spec", "XV-z")]
    [InlineData("leaf")]
    [InlineData("intermediate")]
    [InlineData("higher intermediate")]
    [InlineData("authority")]
    public async Task A_connection_ends_with_the_first_certificate_that_expires(string first)
    {
        var (peer, validUntil) = ChainOf(first);
        var server = await StartAsync(
            app => app.MapGet("/ticket", async (HttpContext http, CancellationToken _) =>
                (await http.AuthenticateAsync("Spiffe")).Properties!.ExpiresUtc <= http.GetSpiffePeer()!.ValidUntil ? Results.Ok() : Results.Unauthorized()),
            ("Spiffe:CloseBeforeExpiry", "0:00:00"));
        await ReissueAsync(OfServer, server.Services.GetRequiredService<X509Source>(), Identity with { Authorities = [Pki.Root.Certificate, peer.Authority] });
        await using var connection = await ConnectAsync(server, peer.Presented);
        Assert.Equal("200", await connection.GetAsync("/ticket", Timeout));

        // The last second of a certificate belongs to it.
        Time.Advance(validUntil - Time.GetUtcNow() - TimeSpan.FromMilliseconds(1));
        Assert.Equal("200", await connection.GetAsync("/", Timeout));
        Assert.DoesNotContain(Logs.All, record => record.Event.Name == "PeerConnectionEnded");

        Time.Advance(TimeSpan.FromMilliseconds(2));
        Assert.Equal(RejectionReason.Expired, (await WaitForAsync("PeerConnectionEnded", Timeout)).Values["Reason"]);
        await connection.WaitForGoAwayAsync(Timeout);
    }

    [Fact, Trait("Trial", "H-10")]
    public async Task A_peer_is_nobody_for_the_scheme_when_its_intermediate_has_expired()
    {
        var (peer, _) = ChainOf("intermediate");
        var verified = X509SvidVerifier.Verify(
            peer.Presented.Leaf, [.. peer.Presented.Intermediates], new([new X509Bundle(Pki.TrustDomain, [peer.Authority])]), PeerRole.Client, Time.GetUtcNow()).Peer!;
        await using var server = await PeerServer.StartAsync(
            app => app.MapGet("/", () => "welcome").RequireAuthorization("spiffe://example.org/peer"), verified);
        Assert.True(verified.ValidUntil < verified.NotAfter);
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/"));

        server.Time.Advance(verified.ValidUntil - server.Time.GetUtcNow());
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/"));
    }

    private ((Presented Presented, X509Certificate2 Authority) Peer, DateTimeOffset ValidUntil) ChainOf(string first)
    {
        var soon = Time.GetUtcNow() + Short;
        CertificateSpec Limit(CertificateSpec spec, string name) => spec with { NotAfter = name == first ? soon : Time.GetUtcNow().AddMinutes(50) };
        var root = new TestPki("example.org", root: r => Limit(r, "authority")).Root;
        var issuer = root.Intermediate(i => Limit(i, "higher intermediate")).Intermediate(i => Limit(i, "intermediate"));
        var leaf = issuer.Leaf(l => Limit(l with { Uris = ["spiffe://example.org/peer"] }, "leaf"));

        // Certificates know no fractions of a second.
        var end = DateTimeOffset.FromUnixTimeSeconds(soon.ToUnixTimeSeconds()) + TimeSpan.FromSeconds(1);
        return ((new(leaf), root.Certificate), end);
    }
}
