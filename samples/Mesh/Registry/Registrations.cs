using System.Net;
using AspNetSpiffe;

namespace Mesh.Names;

/// <summary>Authorizes registrations. REST and gRPC both use it, and nothing else changes the leases.</summary>
internal sealed class Registrations(Leases leases, RegistryOptions options, ILogger<Registrations> logger)
{
    private static readonly EventId NameRefused = new(1, nameof(NameRefused));
    private static readonly TimeSpan ShortestLease = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestLease = TimeSpan.FromMinutes(5);

    /// <summary>Registers endpoints, or renews their leases.</summary>
    /// <returns>The reason of a rejection; null on success.</returns>
    public Refusal? Register(SpiffeId caller, string name, IReadOnlyCollection<string> endpoints, TimeSpan? lease, out DateTimeOffset expires)
    {
        expires = default;
        if (Check(caller, name, endpoints, out var parsed) is { } refusal) return refusal;
        if (lease is not { } length || length < ShortestLease || length > LongestLease) return Refusal.Invalid($"The lease is not between {ShortestLease.TotalSeconds} and {LongestLease.TotalSeconds} seconds.");
        return leases.TrySet(name, parsed, length, out expires) ? null : TooMany();
    }

    /// <summary>Deregisters endpoints.</summary>
    /// <returns>The reason of a rejection; null on success.</returns>
    public Refusal? Deregister(SpiffeId caller, string name, IReadOnlyCollection<string> endpoints)
    {
        if (Check(caller, name, endpoints, out var parsed) is { } refusal) return refusal;
        leases.Remove(name, parsed);
        return null;
    }

    private Refusal? Check(SpiffeId caller, string name, IReadOnlyCollection<string> endpoints, out List<IPEndPoint> parsed)
    {
        parsed = [];
        if (!MeshName.TryGetId(name, options.TrustDomain, out var owner))
            return Refusal.Invalid($"The name '{Refusal.Shorten(name)}' is not one lower-case label below '{options.TrustDomain}', such as 'service-a.{options.TrustDomain}'.");
        if (owner != caller)
        {
            logger.LogWarning(NameRefused, "Refused {Caller} the name {Name}, which belongs to {Owner}", caller, name, owner);
            return Refusal.Forbidden($"The name '{name}' is not that of your SPIFFE ID.");
        }

        if (endpoints.Count == 0) return Refusal.Invalid("There is no address.");
        if (endpoints.Count > Leases.MaxEndpoints) return TooMany();
        foreach (var text in endpoints)
            if (ServiceEndPoint.TryParse(text, out var endpoint, out var mistake)) parsed.Add(endpoint);
            else return Refusal.Invalid(mistake);
        return null;
    }

    private static Refusal TooMany() => Refusal.Invalid($"A name may have {Leases.MaxEndpoints} endpoints at once. Take others back first.");
}
