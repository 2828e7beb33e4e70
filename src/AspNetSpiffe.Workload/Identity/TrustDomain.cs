using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Kind = AspNetSpiffe.SpiffeIdProblem.Kind;

namespace AspNetSpiffe;

/// <summary>A trust domain: the authority that issues SPIFFE IDs, and whose trust bundle verifies them (SPIFFE-ID §2.1).</summary>
/// <remarks>Not a DNS name: <c>td_1</c> and <c>192.168.1.1</c> are valid names. Compared ordinally. Immutable and thread-safe.</remarks>
[JsonConverter(typeof(SpanParsableJsonConverter<TrustDomain>))]
[TypeConverter(typeof(SpanParsableTypeConverter<TrustDomain>))]
public sealed partial class TrustDomain : IEquatable<TrustDomain>, ISpanParsable<TrustDomain>
{
    internal TrustDomain(string name) => Name = name;

    /// <summary>Gets the name, for example <c>example.org</c>.</summary>
    public string Name { get; }

    /// <summary>Gets the trust domain's own ID, for example <c>spiffe://example.org</c>. It is not the ID of a workload.</summary>
    public SpiffeId Id => field ??= SpiffeId.OfTrustDomain(this);

    /// <summary>Parses a name or a trust domain's own ID: <c>example.org</c> or <c>spiffe://example.org</c>.</summary>
    /// <param name="text">The whole name; nothing is trimmed.</param>
    /// <exception cref="FormatException">The text is not a trust domain; the message names the character and its position.</exception>
    public static TrustDomain Parse(ReadOnlySpan<char> text)
    {
        var problem = Grammar.Scan(text, out var start);
        return problem.What == Kind.None ? new(text[start..].ToString()) : throw new FormatException(problem.Describe(text));
    }

    /// <inheritdoc cref="Parse(ReadOnlySpan{char})"/>
    public static TrustDomain Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Parse(text.AsSpan());
    }

    /// <summary>Parses a name or a trust domain's own ID; returns <see langword="false"/> if the text is not one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out TrustDomain? trustDomain) => TryParse(text.AsSpan(), out trustDomain);

    /// <inheritdoc cref="TryParse(string?, out TrustDomain?)"/>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out TrustDomain? trustDomain)
    {
        trustDomain = Grammar.Scan(text, out var start).What == Kind.None ? new(text[start..].ToString()) : null;
        return trustDomain is not null;
    }

    /// <inheritdoc/>
    public bool Equals([NotNullWhen(true)] TrustDomain? other) => other is not null && string.Equals(Name, other.Name, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => Equals(obj as TrustDomain);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(Name, StringComparison.Ordinal);

    /// <summary>Returns the name, for example <c>example.org</c>.</summary>
    public override string ToString() => Name;

    /// <summary>Compares two names ordinally.</summary>
    public static bool operator ==(TrustDomain? left, TrustDomain? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Compares two names ordinally.</summary>
    public static bool operator !=(TrustDomain? left, TrustDomain? right) => !(left == right);

    static TrustDomain IParsable<TrustDomain>.Parse(string s, IFormatProvider? provider) => Parse(s);

    static bool IParsable<TrustDomain>.TryParse(string? s, IFormatProvider? provider, [MaybeNullWhen(false)] out TrustDomain result) => TryParse(s, out result);

    static TrustDomain ISpanParsable<TrustDomain>.Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => Parse(s);

    static bool ISpanParsable<TrustDomain>.TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, [MaybeNullWhen(false)] out TrustDomain result) => TryParse(s, out result);
}
