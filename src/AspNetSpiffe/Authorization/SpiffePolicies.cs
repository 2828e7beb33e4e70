using System.Collections.Concurrent;
using Microsoft.AspNetCore.Authorization;

namespace AspNetSpiffe;

/// <summary>The policies whose names are patterns, and those of the words, each compiled once. Safe to use from any thread.</summary>
internal sealed partial class SpiffePolicies
{
    // Should names come from requests, they must not fill the memory. Those of endpoints come from code: there are as many as there are.
    private const int MostOfOthers = 1024;

    private readonly ConcurrentDictionary<string, AuthorizationPolicy> _policies = new(StringComparer.Ordinal);
    private int _others;

    /// <summary>Determines whether a name means the certificate.</summary>
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

    /// <summary>Gives the policy of an endpoint, and keeps it however many there are.</summary>
    /// <inheritdoc cref="Get"/>
    public AuthorizationPolicy GetOfEndpoint(string name) => _policies.GetOrAdd(name, Compile);

    private static AuthorizationPolicy Compile(string name) =>
        new([IsWord(name) ? PeerRequirement.Parse(name) : new SpiffeRequirement(SpiffeIdPattern.Parse(name))], []);
}
