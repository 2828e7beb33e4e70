using System.Collections.Frozen;
using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace AspNetSpiffe;

/// <summary>A pattern of SPIFFE IDs: one workload, several, a part of a trust domain, or any verified peer.</summary>
/// <remarks>
/// <list type="table">
/// <item><term><c>spiffe://example.org/ns/shop/sa/cart</c></term><description>exactly this ID</description></item>
/// <item><term><c>spiffe://example.org/ns/*/sa/cart</c></term><description><c>*</c> matches one segment</description></item>
/// <item><term><c>spiffe://example.org/ns/shop/**</c></term><description><c>**</c>, only at the end: one or more segments</description></item>
/// <item><term><c>spiffe://example.org/**</c></term><description>any workload of the trust domain</description></item>
/// <item><term><c>A,B</c></term><description>any of them</description></item>
/// <item><term><c>spiffe:any</c></term><description>any verified peer, whatever its trust domain</description></item>
/// <item><term><c>spiffe:none</c></term><description>no peer</description></item>
/// </list>
/// Upper-case ASCII letters in the scheme and the trust domain are converted to lower case, because patterns are written by operators; paths are
/// case-sensitive. Immutable and thread-safe.
/// </remarks>
[JsonConverter(typeof(SpanParsableJsonConverter<SpiffeIdPattern>))]
[TypeConverter(typeof(SpanParsableTypeConverter<SpiffeIdPattern>))]
public sealed partial class SpiffeIdPattern : IEquatable<SpiffeIdPattern>, ISpanParsable<SpiffeIdPattern>
{
    private readonly string _text;
    private readonly bool _any;
    private readonly string? _onlyId;
    private readonly FrozenSet<string>? _ids;
    private readonly string? _onlyPrefix;
    private readonly SegmentTrie? _trie;

    private SpiffeIdPattern(string text)
    {
        _text = text;
        _any = text == AnyText;

        var alternatives = _any ? [] : text.Split(',');
        var ids = Array.FindAll(alternatives, a => !a.Contains('*'));
        _onlyId = ids.Length == 1 ? ids[0] : null;
        _ids = ids.Length > 1 ? ids.ToFrozenSet(StringComparer.Ordinal) : null;

        var withStars = Array.FindAll(alternatives, a => a.Contains('*'));

        // 'spiffe://td/a/**' matches every ID that begins with 'spiffe://td/a/', because an ID never ends with a slash.
        _onlyPrefix = withStars is [var only] && IsPrefix(only) ? only[..^2] : null;
        _trie = withStars.Length > 0 && _onlyPrefix is null ? SegmentTrie.Of(withStars.Select(a => a[SpiffeId.Grammar.Scheme.Length..])) : null;
    }

    /// <summary>Gets the only ID that matches; <see langword="null"/> if the pattern matches several.</summary>
    internal string? SingleId => _onlyId == _text && _text != NoneText ? _onlyId : null;

    /// <summary>Gets the pattern that every verified peer matches: <c>spiffe:any</c>.</summary>
    public static SpiffeIdPattern Any { get; } = new(AnyText);

    /// <summary>Gets the pattern that matches no peer: <c>spiffe:none</c>.</summary>
    public static SpiffeIdPattern None { get; } = new(NoneText);

    /// <summary>Creates the pattern of every workload of a trust domain: <c>spiffe://example.org/**</c>.</summary>
    public static SpiffeIdPattern MembersOf(TrustDomain trustDomain)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);
        return new($"{trustDomain.Id}/**");
    }

    /// <summary>Determines whether the pattern matches an ID. Allocates nothing.</summary>
    public bool Matches([NotNullWhen(true)] SpiffeId? id)
    {
        // A trust domain's own ID is not a workload, so no pattern matches it.
        if (id is null || id.Path.Length == 0) return false;
        if (_any) return true;

        var text = id.ToString();
        if (_onlyId is not null && string.Equals(_onlyId, text, StringComparison.Ordinal)) return true;
        if (_ids is not null && _ids.Contains(text)) return true;
        if (_onlyPrefix is not null && text.StartsWith(_onlyPrefix, StringComparison.Ordinal)) return true;
        return _trie is not null && _trie.Matches(text.AsSpan(SpiffeId.Grammar.Scheme.Length));
    }

    /// <summary>Parses a pattern.</summary>
    /// <exception cref="FormatException">The text is not a pattern; the message names the error, its position and what to write instead.</exception>
    public static SpiffeIdPattern Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var pattern, out var problem) ? pattern : throw new FormatException(problem.Describe(text));
    }

    /// <summary>Parses a pattern; returns <see langword="false"/> if the text is not one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out SpiffeIdPattern? pattern)
    {
        pattern = null;
        return text is not null && TryParse(text, out pattern, out _);
    }

    /// <inheritdoc/>
    public bool Equals([NotNullWhen(true)] SpiffeIdPattern? other) => other is not null && string.Equals(_text, other._text, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => Equals(obj as SpiffeIdPattern);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(_text, StringComparison.Ordinal);

    /// <summary>Returns the pattern, without spaces and with scheme and trust domain in lower case.</summary>
    public override string ToString() => _text;

    static SpiffeIdPattern IParsable<SpiffeIdPattern>.Parse(string s, IFormatProvider? provider) => Parse(s);

    static bool IParsable<SpiffeIdPattern>.TryParse(string? s, IFormatProvider? provider, [MaybeNullWhen(false)] out SpiffeIdPattern result) => TryParse(s, out result);

    static SpiffeIdPattern ISpanParsable<SpiffeIdPattern>.Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => Parse(s.ToString());

    static bool ISpanParsable<SpiffeIdPattern>.TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, [MaybeNullWhen(false)] out SpiffeIdPattern result) =>
        TryParse(s.ToString(), out result);

    private static bool TryParse(string text, [NotNullWhen(true)] out SpiffeIdPattern? pattern, out SpiffeIdPatternProblem problem)
    {
        var lowered = string.Create(text.Length, text, static (lowered, text) =>
        {
            text.CopyTo(lowered);
            Grammar.LowerSchemesAndTrustDomains(lowered);
        });
        problem = Grammar.Scan(lowered);
        pattern = problem.What == SpiffeIdPatternProblem.Kind.None ? new(WithoutSpaces(lowered)) : null;
        return pattern is not null;
    }

    private static bool IsPrefix(string alternative) => alternative.IndexOf('*') == alternative.Length - 2 && alternative.EndsWith("/**", StringComparison.Ordinal);

    private static string WithoutSpaces(string text) => text.Replace(" ", "", StringComparison.Ordinal);
}
