using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Finds the unknown keys of the section <c>Spiffe</c>: a misspelt setting must not be ignored.</summary>
/// <param name="keys">The keys of each options class of this host, registered under <see cref="SpiffeOptions.SectionName"/>.</param>
/// <param name="configuration">The configuration, if the host has one.</param>
internal sealed class UnreadKeys([FromKeyedServices(SpiffeOptions.SectionName)] IEnumerable<IReadOnlyCollection<string>> keys, IConfiguration? configuration = null) : IValidateOptions<SpiffeOptions>
{
    // Settings files may be shared: a host without a server reports why these keys have no effect. A test compares them with the server's options.
    internal static readonly string[] OfServers = ["AllowTlsResume", "AllowedPeers", "CloseBeforeExpiry", "CloseWhenDisallowed", "CloseWhenExpired", "CloseWhenUntrusted", "DrainTimeout", "Endpoints", "RequireHttpsEndpoint"];

    private readonly HashSet<string> _keys = new(keys.SelectMany(k => k), StringComparer.OrdinalIgnoreCase);

    public ValidateOptionsResult Validate(string? name, SpiffeOptions options)
    {
        if (configuration is null) return ValidateOptionsResult.Success;

        var section = configuration.GetSection(SpiffeOptions.SectionName);
        string[] mistakes = [.. TextOf(section), .. MistakesIn(section, "")];
        return mistakes.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }

    private IEnumerable<string> MistakesIn(IConfigurationSection section, string prefix)
    {
        foreach (var child in section.GetChildren())
        {
            var key = prefix + child.Key;
            var known = KeysFor(key);
            if (known.Contains(key)) continue;
            if (!known.Any(k => k.StartsWith($"{key}:", StringComparison.OrdinalIgnoreCase))) yield return $"{child.Path}: {Explain(key, known)}";
            else foreach (var mistake in TextOf(child).Concat(MistakesIn(child, $"{key}:"))) yield return mistake;
        }
    }

    // An empty JSON section appears as an empty string.
    private static string[] TextOf(IConfigurationSection section) =>
        string.IsNullOrEmpty(section.Value) ? [] : [$"{section.Path}: is a section, but has the value '{section.Value}'. Write its keys below it."];

    // Replaces the placeholder by the user's name at that position.
    private HashSet<string> KeysFor(string key)
    {
        var parts = key.Split(':');
        return new(_keys.Select(any => Fill(any.Split(':'), parts)), StringComparer.OrdinalIgnoreCase);
    }

    private static string Fill(string[] known, string[] parts)
    {
        var at = Array.IndexOf(known, SectionReader.AnyName);
        if (at >= 0 && at < parts.Length && known.Take(at).SequenceEqual(parts.Take(at), StringComparer.OrdinalIgnoreCase)) known[at] = parts[at];
        return string.Join(':', known);
    }

    private static string Explain(string key, HashSet<string> known)
    {
        if (OfServers.Contains(key, StringComparer.OrdinalIgnoreCase))
            return "this key is used by servers only, and this host has no server. Remove it, or call 'builder.WebHost.UseSpiffeMtls()'.";

        var (nearest, distance) = known.Concat(OfServers).Concat(known.SelectMany(SectionsOf)).Select(right => (Key: right, Distance: Distance(key, right))).MinBy(near => near.Distance);
        return distance <= Math.Max(2, key.Length / 3)
            ? $"unknown key. Did you mean '{SectionReader.PathOf(nearest)}'?"
            : $"unknown key. The keys are {string.Join(", ", known.Order(StringComparer.OrdinalIgnoreCase).Select(SectionReader.PathOf))}.";
    }

    private static IEnumerable<string> SectionsOf(string key)
    {
        for (var end = key.IndexOf(':'); end > 0; end = key.IndexOf(':', end + 1)) yield return key[..end];
    }

    // The right name in the wrong section, or a part of it, is a close match too.
    private static int Distance(string key, string known)
    {
        var (name, right) = (NameOf(key), NameOf(known));
        var part = name.Length >= 4 && right.Contains(name, StringComparison.OrdinalIgnoreCase) ? 1 : int.MaxValue;
        return Math.Min(part, Math.Min(Spelling.Distance(key, known), 1 + Spelling.Distance(name, right)));
    }

    private static string NameOf(string key) => key[(key.LastIndexOf(':') + 1)..];
}
