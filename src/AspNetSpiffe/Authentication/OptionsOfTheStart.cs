using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Keeps the options as they were first read: a later reload or loss of a configuration that the application bound to them has no effect.</summary>
internal sealed class OptionsOfTheStart<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TOptions> : IOptionsMonitorCache<TOptions>
    where TOptions : class
{
    private readonly ConcurrentDictionary<string, TOptions> _options = new(StringComparer.Ordinal);

    public TOptions GetOrAdd(string? name, Func<TOptions> createOptions) => _options.GetOrAdd(name ?? "", _ => createOptions());

    public bool TryAdd(string? name, TOptions options) => _options.TryAdd(name ?? "", options);

    public bool TryRemove(string? name) => false;

    public void Clear()
    {
    }
}
