using System.Globalization;
using System.Reflection;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;

namespace AspNetSpiffe.Tests.ShortWays;

/// <summary>What is made only when somebody looks is what would have been there at once.</summary>
public sealed class PeerPrincipalTests
{
    private static readonly SpiffeId Id = SpiffeId.Parse("spiffe://example.org/ns/shop/sa/web");

    public static TheoryData<Func<ClaimsPrincipal, object?>> Questions =>
    [
        user => Describe(user.Claims),
        user => Describe(user.Identities.SelectMany(identity => identity.Claims)),
        user => $"{user.Identity!.Name} {user.Identity.AuthenticationType} {user.Identity.IsAuthenticated}",
        user => Describe(user.Clone().Claims),
        user => Describe(new ClaimsPrincipal(user).Claims),
        user => Describe(new ClaimsPrincipal(user.Identity!).Claims),
        user => Describe(new ClaimsIdentity(user.Identity).Claims),
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
        user => Describe(With(user, added => added.AddIdentities([new([new("role", "admin")])])).Claims),
    ];

    [Theory]
    [MemberData(nameof(Questions))]
    public void A_lazy_user_answers_as_an_ordinary_one(Func<ClaimsPrincipal, object?> question)
    {
        Assert.Equal(question(new(SpiffeIdentity.Create(Id, "Spiffe", null))), question(new PeerPrincipal(Id, "Spiffe", null)));
        Assert.Equal(question(new(SpiffeIdentity.Create(Id, "Spiffe", "us"))), question(new PeerPrincipal(Id, "Spiffe", "us")));
    }

    [Fact]
    public void Nothing_that_can_be_asked_of_a_user_is_left_to_the_empty_one()
    {
        // Beside these, only what a derived class alone can call.
        var asked = typeof(ClaimsPrincipal).GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly);
        Assert.NotEmpty(asked);
        Assert.All(asked, method => Assert.Equal(typeof(PeerPrincipal), typeof(PeerPrincipal).GetMethod(method.Name, [.. method.GetParameters().Select(p => p.ParameterType)])!.DeclaringType));
    }

    [Fact]
    public void Threads_that_look_at_once_see_the_same_user()
    {
        for (var i = 0; i < 100; i++)
        {
            var user = new PeerPrincipal(Id, "Spiffe", null);
            var seen = new object?[4];
            Parallel.For(0, seen.Length, at => seen[at] = user.Identity);
            Assert.Single(seen.Distinct());
        }
    }

    [Fact]
    public void A_lazy_expiry_reads_as_an_ordinary_one()
    {
        var now = new DateTimeOffset(2026, 11, 21, 12, 0, 1, 500, TimeSpan.Zero);
        var (ordinary, lazy) = (new AuthenticationProperties { ExpiresUtc = now }, new AuthenticationProperties(new ExpiryItems(now)));

        Assert.Equal(ordinary.Items, lazy.Items);
        Assert.Equal(ordinary.ExpiresUtc, lazy.ExpiresUtc);
        Assert.Equal(ordinary.ExpiresUtc, new AuthenticationProperties(new ExpiryItems(now)).Clone().ExpiresUtc);
        Assert.Equal(ordinary.Items.Single(), new ExpiryItems(now).Single());

        (ordinary.ExpiresUtc, lazy.ExpiresUtc) = (now.AddDays(1), now.AddDays(1));
        (ordinary.RedirectUri, lazy.RedirectUri) = ("/", "/");
        Assert.Equal(ordinary.Items, lazy.Items);
        lazy.Items.Clear();
        Assert.Null(lazy.ExpiresUtc);
    }

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
