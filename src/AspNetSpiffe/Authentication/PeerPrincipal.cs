using System.Security.Claims;
using System.Security.Principal;

namespace AspNetSpiffe;

/// <summary>The peer as the user of one request, whose claims are made when somebody looks: most requests ask who is there by other ways.</summary>
/// <remarks>Whatever can be asked of a principal is asked of <see cref="User"/>, an ordinary one, so that nobody can tell the two apart.</remarks>
internal sealed class PeerPrincipal(SpiffeId id, string scheme, string? claimsIssuer) : ClaimsPrincipal
{
    private ClaimsPrincipal? _user;

    public override IEnumerable<Claim> Claims => User.Claims;

    public override IEnumerable<ClaimsIdentity> Identities => User.Identities;

    public override IIdentity? Identity => User.Identity;

    // Several threads of one request may look at once, and all must see the same.
    private ClaimsPrincipal User => Volatile.Read(ref _user) ?? Interlocked.CompareExchange(ref _user, Create(), null) ?? _user;

    public override void AddIdentities(IEnumerable<ClaimsIdentity> identities) => User.AddIdentities(identities);

    public override void AddIdentity(ClaimsIdentity identity) => User.AddIdentity(identity);

    public override ClaimsPrincipal Clone() => User.Clone();

    public override IEnumerable<Claim> FindAll(Predicate<Claim> match) => User.FindAll(match);

    public override IEnumerable<Claim> FindAll(string type) => User.FindAll(type);

    public override Claim? FindFirst(Predicate<Claim> match) => User.FindFirst(match);

    public override Claim? FindFirst(string type) => User.FindFirst(type);

    public override bool HasClaim(Predicate<Claim> match) => User.HasClaim(match);

    public override bool HasClaim(string type, string value) => User.HasClaim(type, value);

    public override bool IsInRole(string role) => User.IsInRole(role);

    public override void WriteTo(BinaryWriter writer) => User.WriteTo(writer);

    private ClaimsPrincipal Create() => new(SpiffeIdentity.Create(id, scheme, claimsIssuer));
}
