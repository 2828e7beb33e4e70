using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Keeps the options as they were when they were first read: a configuration that the application bound to them, and that is reloaded or lost, changes nothing.</summary>
internal sealed class JwtOptionsOfTheStart : IOptionsMonitorCache<SpiffeJwtAuthenticationOptions>
{
    private readonly ConcurrentDictionary<string, SpiffeJwtAuthenticationOptions> _options = new(StringComparer.Ordinal);

    public SpiffeJwtAuthenticationOptions GetOrAdd(string? name, Func<SpiffeJwtAuthenticationOptions> createOptions) => _options.GetOrAdd(name ?? "", _ => createOptions());

    public bool TryAdd(string? name, SpiffeJwtAuthenticationOptions options) => _options.TryAdd(name ?? "", options);

    public bool TryRemove(string? name) => false;

    public void Clear()
    {
    }
}
