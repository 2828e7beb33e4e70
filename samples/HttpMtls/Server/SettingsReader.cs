using System.Globalization;
using AspNetSpiffe;

namespace HttpMtls.Server;

/// <summary>Reads settings by the key of the file and the variable of the environment, and collects all invalid values.</summary>
internal sealed class SettingsReader(IConfiguration file)
{
    private static readonly string[] Policies = ["any", "trust-domain", "specific-id", "one-of"];

    private readonly List<string> _keys = [];
    private readonly List<string> _mistakes = [];

    public string? Text(string key, string variable) => Find(key, variable).Text;

    public bool? Flag(string key, string variable) => Read(key, variable, static text => bool.TryParse(text, out var flag) ? flag : (bool?)null, "is neither true nor false");

    public TimeSpan? Duration(string key, string variable) => Read(key, variable, ParseDuration, "is not a time; write '30s', '500ms', '5m' or '1h'");

    public string? TrustDomain(string key, string variable)
    {
        var (text, where) = Find(key, variable);
        if (text is not null && !AspNetSpiffe.TrustDomain.TryParse(text, out _)) Note(where, text, "is not the name of a trust domain, such as 'example.org'");
        return text;
    }

    /// <summary>Reads the allowed peers: a policy and its parameters.</summary>
    public IReadOnlyList<string>? AllowedClients()
    {
        const string Section = "http.authentication";
        var (policy, where) = Find($"{Section}.policy", "AUTH_POLICY");
        if (policy is not null && !Policies.Contains(policy)) Note(where, policy, $"is none of {string.Join(", ", Policies)}");

        var trustDomain = IsMeant("trust-domain", $"{Section}.trust_domain", "AUTH_TRUST_DOMAIN") ? TrustDomain($"{Section}.trust_domain", "AUTH_TRUST_DOMAIN") : null;
        var id = IsMeant("specific-id", $"{Section}.allowed_id", "ALLOWED_CLIENT_ID") ? Pattern($"{Section}.allowed_id", "ALLOWED_CLIENT_ID") : null;
        var ids = IsMeant("one-of", $"{Section}.allowed_ids", "ALLOWED_CLIENT_IDS") ? Patterns($"{Section}.allowed_ids", "ALLOWED_CLIENT_IDS") : null;

        // A parameter that the policy does not use is an error, because its author relies on it.
        var meant = policy ?? (id is not null ? "specific-id" : ids is not null ? "one-of" : "trust-domain");
        Require(meant == "trust-domain" || trustDomain is null, $"{Section}.trust_domain", meant);
        Require((meant == "specific-id") == (id is not null), $"{Section}.allowed_id", meant);
        Require(meant == "one-of" ? ids is { Length: > 0 } : ids is null, $"{Section}.allowed_ids", meant);
        return meant switch
        {
            "any" => ["spiffe:any"],
            "trust-domain" => trustDomain is null ? null : [$"spiffe://{trustDomain}/**"],
            "specific-id" => id is null ? [] : [id],
            _ => ids ?? [],
        };

        // A policy in the environment replaces that of the file, including its parameters.
        bool IsMeant(string owner, string key, string variable)
        {
            _keys.Add(key);
            return where != "AUTH_POLICY" || policy == owner || Environment.GetEnvironmentVariable(variable) is { Length: > 0 };
        }
    }

    /// <exception cref="FormatException">There were invalid values, or the file has unknown keys.</exception>
    public void ThrowIfMistaken()
    {
        foreach (var (key, value) in file.AsEnumerable())
            if (value is not null && !_keys.Contains(NameOf(key), StringComparer.OrdinalIgnoreCase)) _mistakes.Add($"{NameOf(key)}: is not a key of this server. There are {string.Join(", ", _keys)}.");
        if (_mistakes.Count > 0) throw new FormatException(string.Join(Environment.NewLine, _mistakes));
    }

    private string? Pattern(string key, string variable)
    {
        var (text, where) = Find(key, variable);
        if (text is not null) NoteUnlessPattern(where, text);
        return text;
    }

    private string[]? Patterns(string key, string variable)
    {
        var (text, where) = Find(key, variable);
        string[] entries = [.. file.GetSection(key.Replace('.', ':')).GetChildren().Select(static child => child.Value ?? "")];
        var patterns = text?.Split(',', StringSplitOptions.TrimEntries) ?? (entries.Length > 0 ? entries : null);
        foreach (var pattern in patterns ?? []) NoteUnlessPattern(where, pattern);
        return patterns;
    }

    private void NoteUnlessPattern(string where, string text)
    {
        if (!SpiffeIdPattern.TryParse(text, out _)) Note(where, text, "is neither a SPIFFE ID nor a pattern, such as 'spiffe://example.org/client'");
    }

    private T? Read<T>(string key, string variable, Func<string, T?> parse, string mistake)
        where T : struct
    {
        var (text, where) = Find(key, variable);
        if (text is null) return null;
        var value = parse(text);
        if (value is null) Note(where, text, mistake);
        return value;
    }

    private (string? Text, string Where) Find(string key, string variable)
    {
        if (!_keys.Contains(key)) _keys.Add(key);
        return Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? (value, variable) : (file[key.Replace('.', ':')], key);
    }

    private void Require(bool holds, string key, string policy)
    {
        if (!holds) _mistakes.Add($"{key}: does not go with the policy '{policy}'. 'trust-domain' may have trust_domain, 'specific-id' has one allowed_id, 'one-of' has allowed_ids, and 'any' has none of them.");
    }

    private void Note(string where, string text, string mistake) => _mistakes.Add($"{where}: '{text}' {mistake}.");

    // An entry of a list has the name of the list.
    private static string NameOf(string key) => string.Join('.', key.Split(':').Where(part => !int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _)));

    private static TimeSpan? ParseDuration(string text)
    {
        var unit = text.TrimStart("0123456789.".ToCharArray());
        if (!double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number is <= 0 or > 86_400_000) return null;
        return unit switch
        {
            "ms" => TimeSpan.FromMilliseconds(number),
            "s" => TimeSpan.FromSeconds(number),
            "m" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            _ => null,
        };
    }
}
