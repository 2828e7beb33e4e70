using System.Globalization;
using System.Security.Claims;

namespace AspNetSpiffe.Tests.Principal;

/// <summary>An identity whose claims are made when somebody looks answers as one that has them from the beginning.</summary>
public sealed class SpiffeIdentityTests
{
    private static readonly SpiffePeer Peer = Peers.Web;

    public static TheoryData<Func<ClaimsPrincipal, object?>> Questions => new(
        user => Describe(user.Claims),
        user => Describe(user.Identities.SelectMany(identity => identity.Claims)),
        user => $"{user.Identity!.Name} {user.Identity.AuthenticationType} {user.Identity.IsAuthenticated}",
        user => Describe(user.Clone().Claims),
        user => Describe(new ClaimsPrincipal(user).Claims),
        user => Describe(new ClaimsPrincipal(user.Identity!).Claims),
        user => Describe(new ClaimsIdentity(user.Identity).Claims),
        user => new ClaimsIdentity(user.Identity).Name,
        user => Describe(user.FindAll("spiffe_id")),
        user => Describe(user.FindAll(claim => claim.Type == "spiffe_path")),
        user => user.FindFirst("spiffe_path")?.Value,
        user => user.FindFirst(claim => claim.Value == "example.org")?.Type,
        user => user.FindFirst("role"),
        user => user.HasClaim("spiffe_trust_domain", "example.org"),
        user => user.HasClaim(claim => claim.Issuer == "us"),
        user => user.IsInRole("admin"),
        user => Describe(Written(user).Claims),
        user => Describe(With(user, added => added.AddIdentity(new([new("role", "admin")]))).Claims),
        user => Describe(With(user, added => ((ClaimsIdentity)added.Identity!).AddClaim(new("role", "admin"))).Claims),
        user => Describe(With(user, added => ((ClaimsIdentity)added.Identity!).AddClaims([new("role", "admin"), new("role", "user")])).Claims),
        user => Describe(With(user, less => ((ClaimsIdentity)less.Identity!).RemoveClaim(less.FindFirst("spiffe_path"))).Claims),
        user => Describe(With(user, less => ((ClaimsIdentity)less.Identity!).TryRemoveClaim(new("spiffe_path", "/"))).Claims));

    [Theory]
    [MemberData(nameof(Questions))]
    public void A_lazy_identity_answers_as_an_ordinary_one(Func<ClaimsPrincipal, object?> question)
    {
        Assert.Equal(question(new(Ordinary("spiffe://example.org"))), question(new(Create())));
        Assert.Equal(question(new(Ordinary("us"))), question(new(Create("us"))));
    }

    [Fact]
    public void A_clone_is_the_same_identity_and_any_other_copy_is_an_ordinary_one()
    {
        var user = new ClaimsPrincipal(Create());
        Assert.Equal((Peer.Id, SpiffeIdentitySource.Peer, Peer.ValidUntil), Facts(user.Clone()));
        Assert.Equal((Peer.Id, SpiffeIdentitySource.Peer, Peer.ValidUntil), Facts(new(user)));

        var forwarded = new SpiffeIdentity(new ForwardedCertificate("SpiffeForwarded", Peer, RejectionReason.None, CountsAsPeer: true), Peer, null);
        Assert.True(((SpiffeIdentity)forwarded.Clone()).IsCertificate);

        Assert.Null(new ClaimsPrincipal(new ClaimsIdentity(user.Identity)).GetSpiffeId());
        Assert.Null(new ClaimsPrincipal(new ClaimsIdentity(user.Claims, "Spiffe")).GetSpiffeId());
        Assert.Null(Written(user).GetSpiffeId());
    }

    [Fact]
    public void Of_a_token_and_a_peer_the_token_is_the_caller_whatever_their_order()
    {
        var (peer, token) = (Create(), new SpiffeIdentity(new SpiffeToken(Peer.Id, DateTimeOffset.UnixEpoch, default), DateTimeOffset.UnixEpoch, "SpiffeJwt", null));
        var user = new ClaimsIdentity("Cookies");
        foreach (ClaimsIdentity[] identities in new ClaimsIdentity[][] { [peer, token], [token, peer], [user, peer, token], [token, user, peer] })
            Assert.Same(token, new ClaimsPrincipal(identities).GetSpiffeIdentity());
        Assert.Same(peer, new ClaimsPrincipal([user, peer]).GetSpiffeIdentity());
        Assert.Null(new ClaimsPrincipal([user]).GetSpiffeIdentity());
        Assert.Null(new ClaimsPrincipal().GetSpiffeId());
    }

    [Fact]
    public void Threads_that_look_at_once_see_the_same_claims()
    {
        for (var i = 0; i < 100; i++)
        {
            var identity = Create();
            var seen = new int[4];
            Parallel.For(0, seen.Length, at => seen[at] = identity.Claims.Count());
            Assert.Equal([5, 5, 5, 5], seen);
        }
    }

    [Fact]
    public void Asking_who_calls_allocates_nothing()
    {
        var user = new ClaimsPrincipal(Create());
        Assert.Equal(0, Allocations.Of(() => user.GetSpiffeId()));
    }

    private static SpiffeIdentity Create(string? issuer = null) => new(Peer, "Spiffe", issuer);

    private static ClaimsIdentity Ordinary(string issuer) => new(
        [
            new(ClaimTypes.NameIdentifier, Peer.Id.ToString(), ClaimValueTypes.String, issuer),
            new(ClaimTypes.Name, Peer.Id.ToString(), ClaimValueTypes.String, issuer),
            new("spiffe_id", Peer.Id.ToString(), ClaimValueTypes.String, issuer),
            new("spiffe_trust_domain", "example.org", ClaimValueTypes.String, issuer),
            new("spiffe_path", "/ns/shop/sa/web", ClaimValueTypes.String, issuer),
        ],
        "Spiffe");

    private static (SpiffeId, SpiffeIdentitySource, DateTimeOffset) Facts(ClaimsPrincipal user) => user.GetSpiffeIdentity() is { } identity ? (identity.Id, identity.Source, identity.ValidUntil) : default;

    private static string Describe(IEnumerable<Claim> claims) =>
        string.Join('\n', claims.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Type} {c.Value} {c.ValueType} {c.Issuer} {c.OriginalIssuer} {c.Subject?.AuthenticationType} {c.Properties.Count}")));

    private static ClaimsPrincipal With(ClaimsPrincipal user, Action<ClaimsPrincipal> change)
    {
        change(user);
        return user;
    }

    private static ClaimsPrincipal Written(ClaimsPrincipal user)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        user.WriteTo(writer);
        writer.Flush();
        stream.Position = 0;
        using var reader = new BinaryReader(stream);
        return new(reader);
    }
}
