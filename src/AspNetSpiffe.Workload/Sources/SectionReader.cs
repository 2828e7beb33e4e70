using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace AspNetSpiffe;

/// <summary>Reads settings from the configuration section <c>Spiffe</c>. Records the requested keys, which of them are present, and each value that cannot be parsed.</summary>
/// <remarks>Unlike the framework's binder, it ignores nothing silently, reports all errors at once, and does not merge the lists of two configuration sources.</remarks>
internal sealed class SectionReader
{
    private readonly IConfigurationProvider[] _sources;
    private readonly List<string> _mistakes = [];
    private readonly List<string> _keys = [];
    private readonly Dictionary<string, int> _given = new(StringComparer.OrdinalIgnoreCase);

    public SectionReader(IConfiguration? configuration) => _sources = [.. SourcesOf(configuration)];

    /// <summary>The placeholder in <see cref="Keys"/> for a name that users choose.</summary>
    public const string AnyName = "*";

    private delegate bool TryRead<T>(string text, [MaybeNullWhen(false)] out T value);

    /// <summary>Gets the requested keys.</summary>
    public IReadOnlyCollection<string> Keys => _keys;

    /// <summary>Gets the keys that are present, each with the index of the configuration source that sets it: a later source takes precedence.</summary>
    public IReadOnlyDictionary<string, int> Given => _given;

    public IReadOnlyList<string> Mistakes => _mistakes;

    public static string PathOf(string key) => $"{SpiffeOptions.SectionName}:{key}";

    public string? Text(string key, string? otherwise) => Read(key, otherwise, AnyText, "");

    /// <summary>Returns the names that users chose below a key: of trust domains, of clients.</summary>
    public IReadOnlyList<string> Names(string key)
    {
        _keys.Add($"{key}:{AnyName}");
        return Sections(key);
    }

    /// <summary>Returns the names of the sections that users chose below a key. A section may be spread over several configuration sources.</summary>
    public IReadOnlyList<string> Sections(string key) => [.. ChildrenOf(PathOf(key)).Order(StringComparer.Ordinal)];

    public bool Flag(string key, bool otherwise) => Read(key, otherwise, bool.TryParse, "is neither true nor false");

    public int Number(string key, int otherwise) => Read(key, otherwise, TryInteger, "is not a whole number");

    public double Fraction(string key, double otherwise) => Read(key, otherwise, TryFraction, "is not a number such as 0.2");

    public T Choice<T>(string key, T otherwise) where T : struct, Enum =>
        Read<T>(key, otherwise, TryChoice, $"is none of {string.Join(", ", Enum.GetNames<T>())}");

    /// <summary>Reads an enumeration value with names other than those of .NET; both names are accepted.</summary>
    public T? Choice<T>(string key, T? otherwise, params (string Name, T Value)[] names) where T : struct, Enum =>
        Read(key, otherwise, (string text, out T? value) => TryChoice(text, names, out value), $"is none of {string.Join(", ", names.Select(name => name.Name))}");

    public TimeSpan Time(string key, TimeSpan otherwise) => Read(key, otherwise, TryTime, text => double.TryParse(text, CultureInfo.InvariantCulture, out var number)
        ? $"is a number without a unit, which could mean days or seconds. Write {Example(number)} for {number.ToString(CultureInfo.InvariantCulture)} seconds"
        : "is not a time. Write hours, minutes and seconds: 00:00:30 for 30 seconds, 1.00:00:00 for a day");

    /// <summary>Reads a list: array entries, or a single string that the consumer of the list splits. The last configuration source with any entry provides the whole list.</summary>
    /// <returns>The entries; empty if the list is present and empty.</returns>
    public IReadOnlyList<string>? List(string key, IReadOnlyList<string>? otherwise)
    {
        _keys.Add(key);
        var path = PathOf(key);
        for (var i = _sources.Length - 1; i >= 0; i--)
        {
            var isText = _sources[i].TryGet(path, out var text);
            var children = _sources[i].GetChildKeys([], path).Distinct(StringComparer.OrdinalIgnoreCase).ToArray();
            if (!isText && children.Length == 0) continue;

            _given[key] = i;
            if (children.Length > 0) return Entries(_sources[i], path, children, text);
            if (text is not null) return text.Length == 0 ? [] : [text];

            _mistakes.Add($"{path}: is null, which is ambiguous. Write patterns, an empty list to allow no peer, or remove the key.");
            return otherwise;
        }

        return otherwise;
    }

    private List<string> Entries(IConfigurationProvider source, string path, string[] children, string? text)
    {
        if (!string.IsNullOrEmpty(text)) _mistakes.Add($"{path}: is both a string ('{text}') and a list. Keep one of them.");

        var entries = new List<string>();
        foreach (var child in children.OrderBy(child => child, ConfigurationKeyComparer.Instance))
        {
            if (!int.TryParse(child, NumberStyles.None, CultureInfo.InvariantCulture, out _)) _mistakes.Add($"{path}:{child}: is not an entry of a list. The keys of its entries are numbers: {path}:0.");
            else if (source.TryGet($"{path}:{child}", out var entry) && !string.IsNullOrWhiteSpace(entry)) entries.Add(entry);
            else _mistakes.Add($"{path}:{child}: is not a string. Each entry of the list must be a non-empty string.");
        }

        return entries;
    }

    private T Read<T>(string key, T otherwise, TryRead<T> tryRead, string mistake) => Read(key, otherwise, tryRead, _ => mistake);

    private T Read<T>(string key, T otherwise, TryRead<T> tryRead, Func<string, string> explain)
    {
        _keys.Add(key);
        if (FindText(key) is not { } text) return otherwise;
        if (text.Length == 0) _mistakes.Add($"{PathOf(key)}: is empty. Write a value, or remove the key.");
        else if (tryRead(text, out var value)) return value;
        else _mistakes.Add($"{PathOf(key)}: '{text}' {explain(text)}.");
        return otherwise;
    }

    private string? FindText(string key)
    {
        var path = PathOf(key);
        var children = ChildrenOf(path);
        if (children.Length > 0) _mistakes.Add($"{path}: is a single value and cannot have keys of its own such as '{children[0]}'.");

        // A null value overrides the value of an earlier source.
        var at = Array.FindLastIndex(_sources, source => source.TryGet(path, out _));
        if (at < 0 || !_sources[at].TryGet(path, out var text) || text is null) return null;
        _given[key] = at;
        return text;
    }

    private string[] ChildrenOf(string path) => [.. _sources.SelectMany(source => source.GetChildKeys([], path)).Distinct(StringComparer.OrdinalIgnoreCase)];

    private static IEnumerable<IConfigurationProvider> SourcesOf(IConfiguration? configuration) => configuration switch
    {
        null => [],
        IConfigurationRoot root => root.Providers.SelectMany(provider => provider is ChainedConfigurationProvider { Configuration: IConfigurationRoot inner } ? SourcesOf(inner) : [provider]),
        _ => [new ChainedConfigurationProvider(new() { Configuration = configuration })],
    };

    private static bool AnyText(string text, out string? value)
    {
        value = text;
        return true;
    }

    // Not TimeSpan.TryParse, which reads '30' as days, and the hours in '24:00:00' too.
    private static bool TryTime(string text, out TimeSpan value)
    {
        value = default;
        return text.Count(c => c == ':') == 2 && TimeSpan.TryParseExact(text.Trim(), "c", CultureInfo.InvariantCulture, out value);
    }

    private static bool TryInteger(string text, out int value) => int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out value);

    private static bool TryFraction(string text, out double value) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);

    // Only a single name: Enum.TryParse also accepts undefined numbers and several names.
    private static bool TryChoice<T>(string text, out T value) where T : struct, Enum
    {
        value = default;
        return Enum.GetNames<T>().Contains(text.Trim(), StringComparer.OrdinalIgnoreCase) && Enum.TryParse(text, ignoreCase: true, out value);
    }

    private static bool TryChoice<T>(string text, (string Name, T Value)[] names, out T? value) where T : struct, Enum
    {
        value = names.Where(name => name.Name.Equals(text.Trim(), StringComparison.OrdinalIgnoreCase)).Select(name => (T?)name.Value).FirstOrDefault();
        if (value is null && TryChoice<T>(text, out var named)) value = named;
        return value is not null;
    }

    private static string Example(double seconds) => Math.Abs(seconds) < TimeSpan.FromDays(36_500).TotalSeconds ? TimeSpan.FromSeconds(seconds).ToString() : "00:00:30";
}
