using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace AspNetSpiffe;

/// <summary>A SPIFFE ID: the name of a workload, or of a trust domain itself (SPIFFE-ID §2).</summary>
/// <remarks>
/// Parsed strictly and never normalised: <see cref="ToString"/> returns the parsed text byte for byte. Compared ordinally.
/// Immutable and thread-safe.
/// </remarks>
[JsonConverter(typeof(SpanParsableJsonConverter<SpiffeId>))]
[TypeConverter(typeof(SpanParsableTypeConverter<SpiffeId>))]
public sealed partial class SpiffeId : IEquatable<SpiffeId>, ISpanParsable<SpiffeId>
{
    private readonly string _text;
    private ImmutableArray<string> _segments;

    private SpiffeId(string text, TrustDomain trustDomain, string path) => (_text, TrustDomain, Path) = (text, trustDomain, path);

    /// <summary>Gets the trust domain of the ID.</summary>
    public TrustDomain TrustDomain { get; }

    /// <summary>Gets the path with its leading slash, for example <c>/ns/shop/sa/cart</c>; empty for the trust domain's own ID.</summary>
    public string Path { get; }

    /// <summary>Gets the segments of the path, for example <c>ns</c>, <c>shop</c>, <c>sa</c>, <c>cart</c>; none for the trust domain's own ID.</summary>
    public ImmutableArray<string> Segments
    {
        get
        {
            // Two threads may both split the path; the results are equal.
            if (_segments.IsDefault) _segments = Path.Length == 0 ? [] : [.. Path[1..].Split('/')];
            return _segments;
        }
    }

    /// <summary>Creates an ID from a trust domain and path segments.</summary>
    /// <param name="trustDomain">The trust domain.</param>
    /// <param name="segments">The segments, without slashes; none gives the trust domain's own ID.</param>
    /// <exception cref="FormatException">A segment is not valid, or the ID is longer than <see cref="MaxLength"/>.</exception>
    public static SpiffeId Create(TrustDomain trustDomain, params ReadOnlySpan<string> segments)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);
        foreach (var segment in segments)
        {
            ArgumentNullException.ThrowIfNull(segment, nameof(segments));
            var problem = Grammar.ScanSegment(segment, 0, segment.Length);
            if (problem.What != SpiffeIdProblem.Kind.None) throw new FormatException(problem.Describe(segment));
        }

        return segments.IsEmpty ? trustDomain.Id : trustDomain.Id.WithPath("/" + string.Join('/', segments!));
    }

    /// <summary>Creates an ID with the same trust domain and another path.</summary>
    /// <param name="path">The path with its leading slash, or an empty text for the trust domain's own ID.</param>
    /// <exception cref="FormatException">The path is not valid, or the ID is longer than <see cref="MaxLength"/>.</exception>
    public SpiffeId WithPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var problem = Grammar.ScanPath(path, 0);
        return problem.What == SpiffeIdProblem.Kind.None
            ? Parse(Grammar.Scheme + TrustDomain.Name + path)
            : throw new FormatException(problem.Describe(path));
    }

    /// <summary>Determines whether this ID belongs to a trust domain.</summary>
    public bool IsMemberOf(TrustDomain trustDomain) => TrustDomain.Equals(trustDomain);

    /// <summary>Determines whether the path begins with whole segments: <c>/ops</c> covers <c>/ops</c> and <c>/ops/x</c>, never <c>/opsx</c>.</summary>
    /// <param name="prefix">Segments with their leading slash and without a trailing one.</param>
    /// <exception cref="ArgumentException"><paramref name="prefix"/> does not begin with a slash, or ends with one.</exception>
    public bool HasPathPrefix(string prefix)
    {
        ThrowIfNotSegments(prefix);
        return Path.StartsWith(prefix, StringComparison.Ordinal) && (Path.Length == prefix.Length || Path[prefix.Length] == '/');
    }

    /// <summary>Determines whether the path ends with whole segments: <c>/sa/cart</c> covers <c>/ns/shop/sa/cart</c>, never <c>/ns/sa/my-cart</c>.</summary>
    /// <param name="suffix">Segments with their leading slash and without a trailing one.</param>
    /// <exception cref="ArgumentException"><paramref name="suffix"/> does not begin with a slash, or ends with one.</exception>
    public bool HasPathSuffix(string suffix)
    {
        ThrowIfNotSegments(suffix);
        return Path.EndsWith(suffix, StringComparison.Ordinal);
    }

    /// <summary>Parses an ID (SPIFFE-ID §2).</summary>
    /// <param name="text">The whole ID; nothing is trimmed.</param>
    /// <exception cref="FormatException">The text is not a SPIFFE ID; the message names the character and its position.</exception>
    public static SpiffeId Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var id, out var problem) ? id : throw new FormatException(problem.Describe(text));

    /// <inheritdoc cref="Parse(ReadOnlySpan{char})"/>
    public static SpiffeId Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Parse(text.AsSpan());
    }

    /// <summary>Parses an ID; returns <see langword="false"/> if the text is not one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out SpiffeId? id) => TryParse(text.AsSpan(), out id, out _);

    /// <inheritdoc cref="TryParse(string?, out SpiffeId?)"/>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out SpiffeId? id) => TryParse(text, out id, out _);

    internal static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out SpiffeId? id, out SpiffeIdProblem problem)
    {
        problem = Grammar.Scan(text, out var pathStart);
        if (problem.What != SpiffeIdProblem.Kind.None)
        {
            id = null;
            return false;
        }

        id = new(text.ToString(), new TrustDomain(text[Grammar.Scheme.Length..pathStart].ToString()), text[pathStart..].ToString());
        return true;
    }

    internal static SpiffeId OfTrustDomain(TrustDomain trustDomain) => new(Grammar.Scheme + trustDomain.Name, trustDomain, "");

    /// <inheritdoc/>
    public bool Equals([NotNullWhen(true)] SpiffeId? other) => other is not null && string.Equals(_text, other._text, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => Equals(obj as SpiffeId);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(_text, StringComparison.Ordinal);

    /// <summary>Returns the ID as it was parsed, for example <c>spiffe://example.org/ns/shop/sa/cart</c>.</summary>
    public override string ToString() => _text;

    /// <summary>Compares two IDs ordinally; paths are case-sensitive (SPIFFE-ID §2.4).</summary>
    public static bool operator ==(SpiffeId? left, SpiffeId? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Compares two IDs ordinally; paths are case-sensitive (SPIFFE-ID §2.4).</summary>
    public static bool operator !=(SpiffeId? left, SpiffeId? right) => !(left == right);

    static SpiffeId IParsable<SpiffeId>.Parse(string s, IFormatProvider? provider) => Parse(s);

    static bool IParsable<SpiffeId>.TryParse(string? s, IFormatProvider? provider, [MaybeNullWhen(false)] out SpiffeId result) => TryParse(s, out result);

    static SpiffeId ISpanParsable<SpiffeId>.Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => Parse(s);

    static bool ISpanParsable<SpiffeId>.TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, [MaybeNullWhen(false)] out SpiffeId result) => TryParse(s, out result);

    private static void ThrowIfNotSegments(string segments)
    {
        ArgumentNullException.ThrowIfNull(segments);
        if (segments.Length < 2 || segments[0] != '/' || segments[^1] == '/')
            throw new ArgumentException($"'{segments}' is not a list of segments: a path such as '/ns/shop' begins with '/' and does not end with '/'.", nameof(segments));
    }
}
