using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>The configuration of one client, in <c>Spiffe:Clients</c>. Read once: a reload does not change the expected server or the presented certificate.</summary>
internal sealed class ClientSection : IValidateOptions<SpiffeOptions>
{
    private readonly string _client;
    private readonly IConfiguration? _configuration;
    private readonly Settings _settings;

    public ClientSection(string client, IConfiguration? configuration)
    {
        (_client, _configuration) = (client, configuration);
        _settings = Read();
    }

    public SpiffeClientMode Mode => _settings.Mode;

    /// <summary>Gets the expected server; <see langword="null"/> in a mode without SPIFFE IDs of servers.</summary>
    public SpiffeIdPattern? Server => _settings.Mistakes.Count == 0
        ? _settings.Server is { } server ? SpiffeIdPattern.Parse(server) : null
        : throw new OptionsValidationException(_client, typeof(SpiffeClientOptions), _settings.Mistakes);

    public static IReadOnlyCollection<string> KeysOf(string client) => [ModeOf(client), ServerOf(client)];

    public ValidateOptionsResult Validate(string? name, SpiffeOptions options)
    {
        var now = Read();
        string[] mistakes = [.. now.Mistakes, .. ChangesTo(now)];
        return mistakes.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }

    private static string ModeOf(string client) => $"Clients:{client}:Mode";

    private static string ServerOf(string client) => $"Clients:{client}:Server";

    private Settings Read()
    {
        var section = new SectionReader(_configuration);
        var mode = section.Choice(ModeOf(_client), SpiffeClientMode.Mutual);
        var server = section.Text(ServerOf(_client), null);
        return new(mode, server, [.. section.Mistakes, .. section.Mistakes.Count > 0 ? [] : MistakesIn(mode, server).Select(mistake => $"{SectionReader.PathOf(ServerOf(_client))}: {mistake}")]);
    }

    private static string[] MistakesIn(SpiffeClientMode mode, string? server)
    {
        if (mode == SpiffeClientMode.WebServer) return server is null ? [] : [$"has no effect in the mode {mode}: the server is verified by its host name, not by a SPIFFE ID. Remove the key, or choose another mode."];
        if (server is null) return ["is missing. Set it to the expected server: an ID, or a pattern such as spiffe://example.org/orders."];
        try
        {
            SpiffeIdPattern.Parse(server);
            return [];
        }
        catch (FormatException e)
        {
            return [e.Message];
        }
    }

    private IEnumerable<string> ChangesTo(Settings now)
    {
        const string Late = "The change is applied after a restart.";
        if (now.Mode != _settings.Mode) yield return $"{SectionReader.PathOf(ModeOf(_client))}: was {_settings.Mode}, and is {now.Mode} now. {Late}";
        if (now.Server != _settings.Server) yield return $"{SectionReader.PathOf(ServerOf(_client))}: was '{_settings.Server}', and is '{now.Server}' now. {Late}";
    }

    private sealed record Settings(SpiffeClientMode Mode, string? Server, IReadOnlyList<string> Mistakes);
}
