using System.Collections.Concurrent;
using Microsoft.AspNetCore.Authorization;

namespace AspNetSpiffe;

/// <summary>The policies with patterns as names, and those of requirements on the certificate, each compiled once. Thread-safe.</summary>
internal sealed partial class SpiffePolicies
{
    // Bounds the memory if an application takes names from requests. Names of endpoints come from code and are not limited.
    private const int MostOfOthers = 1024;

    private readonly ConcurrentDictionary<string, AuthorizationPolicy> _policies = new(StringComparer.Ordinal);
    private int _others;

    /// <summary>Determines whether a policy name is that of a requirement on the certificate.</summary>
    public static bool IsWord(string? name) => name is not null && name.StartsWith(PeerRequirement.NamePrefix, StringComparison.Ordinal);

    public static bool IsOurs(string? name) => IsPattern(name) || IsWord(name);

    /// <summary>Returns the policy of a name.</summary>
    /// <exception cref="FormatException">The name is not a pattern; the message names the error, its position and what to write instead.</exception>
    public AuthorizationPolicy Get(string name)
    {
        if (_policies.TryGetValue(name, out var known)) return known;

        var policy = Compile(name);
        return Volatile.Read(ref _others) < MostOfOthers && Interlocked.Increment(ref _others) <= MostOfOthers ? _policies.GetOrAdd(name, policy) : policy;
    }

    /// <summary>Returns the policy of an endpoint, cached without a limit.</summary>
    /// <inheritdoc cref="Get"/>
    public AuthorizationPolicy GetOfEndpoint(string name) => _policies.GetOrAdd(name, Compile);

    private static AuthorizationPolicy Compile(string name) =>
        new([IsWord(name) ? PeerRequirement.Parse(name) : new SpiffeRequirement(SpiffeIdPattern.Parse(name))], []);
}
