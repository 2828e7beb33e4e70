using System.Collections.Concurrent;
using Microsoft.AspNetCore.Authorization;

namespace AspNetSpiffe;

/// <summary>The policies whose names are patterns, each compiled once. Safe to use from any thread.</summary>
internal sealed class SpiffePolicies
{
    // Names come from code. Should they come from requests, they must not fill the memory.
    private const int MostKept = 1024;
    private const string Prefix = "spiffe:";

    private readonly ConcurrentDictionary<string, AuthorizationPolicy> _policies = new(StringComparer.Ordinal);

    public static bool IsPattern(string? name) => name is not null && name.AsSpan().TrimStart().StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Gives the policy of a name.</summary>
    /// <exception cref="FormatException">The name is no pattern; the message names the mistake, its position and what to write instead.</exception>
    public AuthorizationPolicy Get(string name)
    {
        if (_policies.TryGetValue(name, out var known)) return known;

        var policy = new AuthorizationPolicy([new SpiffeRequirement(SpiffeIdPattern.Parse(name))], []);
        return _policies.Count < MostKept ? _policies.GetOrAdd(name, policy) : policy;
    }
}
