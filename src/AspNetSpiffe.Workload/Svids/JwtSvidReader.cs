using System.Collections.Immutable;
using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>Parses a JWT-SVID and checks the rules that need neither a key nor a clock (JWT-SVID §§2, 3 and 5.1). It does not verify the signature.</summary>
/// <remarks>The token may come from an unauthenticated caller: messages contain nothing of it except the quoted values of 'alg', 'typ' and 'sub'.</remarks>
internal static class JwtSvidReader
{
    /// <summary>The maximum length of a token: 64 KiB, twice Kestrel's limit for all headers together.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>The maximum number of audiences of a token: 32.</summary>
    public const int MaxAudiences = 32;

    /// <summary>Parses a token.</summary>
    /// <exception cref="FormatException">The token violates a rule; the message says which.</exception>
    public static JwtSvid Read(string token, string hint = "")
    {
        var header = ReadHeader(token, out var payload);
        return StrictJson.ReadObject(payload, "The token's payload", claims => ReadClaims(token, header, claims, hint));
    }

    /// <summary>Parses what every JWS in compact form has: the header, a payload and a signature that are not empty. Their content is not checked.</summary>
    /// <exception cref="FormatException">The token violates a rule; the message says which.</exception>
    internal static JwtHeader ReadHeader(string token, out byte[] payload)
    {
        if (token.Length > MaxLength) throw new JwtFormatException(JwtRejectionReason.TooLarge, $"The token has {token.Length} characters; the limit is {MaxLength}.");

        var header = StrictJson.ReadObject(ReadPart(token, 0, "header"), "The token's header", ReadHeader);
        ReadPart(token, 2, "signature");
        payload = ReadPart(token, 1, "payload");
        return header;
    }

    private static byte[] ReadPart(string token, int index, string name)
    {
        // JWT-SVID §5.1: the compact form only.
        Span<Range> parts = stackalloc Range[4];
        if (token.AsSpan().Split(parts, '.') != 3) throw new FormatException("The token is not a JWS in compact form: it does not have three parts separated by dots.");

        var part = token.AsSpan(parts[index]);
        return !part.IsEmpty && Base64UrlText.TryDecode(part, out var bytes) ? bytes : throw new FormatException($"The token's {name} is empty or not valid base64url.");
    }

    private static JwtHeader ReadHeader(JsonElement header)
    {
        // JWT-SVID §2.1: checked before anything else.
        var alg = StrictJson.FindText(header, "alg") ?? throw new JwtFormatException(JwtRejectionReason.UnsupportedAlgorithm, "The token has no 'alg'.");
        if (!JwtAlgorithms.TryParse(alg, out var algorithm))
            throw new JwtFormatException(JwtRejectionReason.UnsupportedAlgorithm, $"The token's 'alg' {SpiffeIdProblem.Quote(alg)} is not allowed in a JWT-SVID; allowed are RS, ES and PS with 256, 384 or 512.");

        // RFC 7515 §4.1.11: no critical header is supported.
        if (header.TryGetProperty("crit", out _)) throw new JwtFormatException(JwtRejectionReason.CriticalHeader, "The token has critical headers ('crit'), which are not supported.");

        // JWT-SVID §2.3: also rejects a WIT-SVID that is presented as a JWT-SVID.
        if (FindOptional(header, "typ") is { } typ && typ is not ("JWT" or "JOSE"))
            throw new JwtFormatException(JwtRejectionReason.WrongType, $"The token's 'typ' {SpiffeIdProblem.Quote(typ)} is neither 'JWT' nor 'JOSE'.");

        return new(algorithm, FindOptional(header, "kid"));
    }

    private static JwtSvid ReadClaims(string token, JwtHeader header, JsonElement claims, string hint)
    {
        var sub = StrictJson.FindText(claims, "sub") ?? throw new JwtFormatException(JwtRejectionReason.InvalidSpiffeId, "The token has no 'sub'.");
        if (!SpiffeId.TryParse(sub, out var id, out var problem))
            throw new JwtFormatException(JwtRejectionReason.InvalidSpiffeId, $"The token's 'sub' is not a SPIFFE ID. {problem.Describe(sub)}");

        var expiresAt = FindTime(claims, "exp") ?? throw new FormatException("The token has no 'exp'.");
        return new(token, header, id, ReadAudiences(claims), expiresAt, claims.Clone(), hint)
        {
            NotBefore = FindTime(claims, "nbf"),
            IssuedAt = FindTime(claims, "iat"),
        };
    }

    // RFC 7519 §4.1.3: a string or an array of strings.
    private static ImmutableArray<string> ReadAudiences(JsonElement claims)
    {
        if (!claims.TryGetProperty("aud", out var aud)) throw new FormatException("The token has no 'aud'.");
        JsonElement[] values = aud.ValueKind == JsonValueKind.Array ? [.. aud.EnumerateArray()] : [aud];

        if (values.Length == 0) throw new FormatException($"The token has 0 audiences; it needs 1 to {MaxAudiences}.");
        if (values.Length > MaxAudiences) throw new JwtFormatException(JwtRejectionReason.TooLarge, $"The token has {values.Length} audiences; it needs 1 to {MaxAudiences}.");
        return [.. values.Select(static v => v.ValueKind == JsonValueKind.String && v.GetString() is { Length: > 0 } text ? text : throw new FormatException("An audience of the token is empty or not a string."))];
    }

    // RFC 7519 §2: seconds since 1970, possibly with a fraction.
    private static DateTimeOffset? FindTime(JsonElement claims, string name)
    {
        if (!claims.TryGetProperty(name, out var value)) return null;
        return value.ValueKind == JsonValueKind.Number ? FromUnixSeconds(value.GetDouble()) : throw new FormatException($"The token's '{name}' is not a number.");
    }

    // A number out of the framework's range is valid: it is limited to the minimum or maximum time.
    private static DateTimeOffset FromUnixSeconds(double seconds) =>
        seconds >= (DateTimeOffset.MaxValue - DateTimeOffset.UnixEpoch).TotalSeconds ? DateTimeOffset.MaxValue
        : seconds <= (DateTimeOffset.MinValue - DateTimeOffset.UnixEpoch).TotalSeconds ? DateTimeOffset.MinValue
        : DateTimeOffset.UnixEpoch.AddSeconds(seconds);

    private static string? FindOptional(JsonElement header, string name)
    {
        if (!header.TryGetProperty(name, out var value)) return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw new FormatException($"The token's '{name}' is not a string.");
    }
}
