using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>The configured modes, in <c>Spiffe:Endpoints</c>, by the name of the endpoint in Kestrel's own section. Read once: a reload does not change a mode.</summary>
internal sealed class EndpointModes : IValidateOptions<SpiffeOptions>
{
    /// <summary>The key of the section.</summary>
    public const string Section = "Endpoints";

    private readonly IConfiguration? _configuration;
    private readonly Dictionary<string, SpiffeServerMode> _modes;

    public EndpointModes(IConfiguration? configuration = null)
    {
        _configuration = configuration;
        _modes = Read().Modes;
    }

    /// <summary>Gets the configured endpoints with their modes.</summary>
    public IReadOnlyDictionary<string, SpiffeServerMode> Named => _modes;

    /// <summary>Gets the keys of the section that are read: those of the configured endpoints, or the section itself if it is present and empty.</summary>
    public IReadOnlyCollection<string> Keys => _modes.Count > 0 ? [.. _modes.Keys.Select(KeyOf)] : SectionOf(_configuration) is not null ? [Section] : [];

    /// <summary>Gets the mode of an endpoint: mutual TLS, unless another is configured.</summary>
    public SpiffeServerMode Of(string endpoint) => _modes.GetValueOrDefault(endpoint, SpiffeServerMode.Mutual);

    public static string KeyOf(string endpoint) => $"{Section}:{endpoint}:Mode";

    public ValidateOptionsResult Validate(string? name, SpiffeOptions options)
    {
        var (now, mistakes) = Read();
        string[] all = [.. mistakes, .. TextOf(SectionOf(_configuration), now), .. ChangesTo(now)];
        return all.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(all);
    }

    /// <exception cref="InvalidOperationException">A mode is for an endpoint that Kestrel's configuration does not have.</exception>
    public void RequireEndpoints(IConfiguration? kestrel)
    {
        string[] known = [.. kestrel?.GetSection(Section).GetChildren().Select(endpoint => endpoint.Key) ?? []];
        if (_modes.Keys.FirstOrDefault(name => !known.Contains(name, StringComparer.OrdinalIgnoreCase)) is not { } lost) return;

        throw new InvalidOperationException(
            $"{SectionReader.PathOf($"{Section}:{lost}")}: Kestrel's configuration has no endpoint of this name, so the mode would have no effect. " +
            $"{(known.Length == 0 ? "It has none" : $"It has {string.Join(", ", known.Select(name => $"'{name}'"))}")}. " +
            "Correct the name; or, for an endpoint in code, call listenOptions.UseSpiffe(mode) there.");
    }

    private static IConfigurationSection? SectionOf(IConfiguration? configuration) =>
        configuration?.GetSection(SpiffeOptions.SectionName).GetChildren().FirstOrDefault(child => string.Equals(child.Key, Section, StringComparison.OrdinalIgnoreCase));

    // If the section also has keys, a value of the section itself is reported by UnreadKeys.
    private static string[] TextOf(IConfigurationSection? section, Dictionary<string, SpiffeServerMode> modes) =>
        modes.Count > 0 || string.IsNullOrEmpty(section?.Value) ? [] : [$"{section.Path}: is a section, but has the value '{section.Value}'. Write the names of endpoints below it."];

    private IEnumerable<string> ChangesTo(Dictionary<string, SpiffeServerMode> now) =>
        from endpoint in now.Keys.Union(_modes.Keys, StringComparer.OrdinalIgnoreCase)
        let mode = now.GetValueOrDefault(endpoint, SpiffeServerMode.Mutual)
        where mode != Of(endpoint)
        select $"{SectionReader.PathOf(KeyOf(endpoint))}: was {Of(endpoint)} at the start, and is {mode} now. The change is applied after a restart.";

    private (Dictionary<string, SpiffeServerMode> Modes, IReadOnlyList<string> Mistakes) Read()
    {
        var section = new SectionReader(_configuration);
        var endpoints = SectionOf(_configuration)?.GetChildren() ?? [];
        var modes = endpoints.ToDictionary(endpoint => endpoint.Key, endpoint => section.Choice(KeyOf(endpoint.Key), SpiffeServerMode.Mutual), StringComparer.OrdinalIgnoreCase);
        return (modes, section.Mistakes);
    }
}
