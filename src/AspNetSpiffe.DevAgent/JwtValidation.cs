using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;

namespace AspNetSpiffe;

/// <summary>The agent's ValidateJWTSVID: a token that one of our authorities, or a federated one, has signed (JWT-SVID §§2-4).</summary>
internal static class JwtValidation
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <exception cref="FormatException">The token is refused; the message says why and holds nothing of the token.</exception>
    public static (SpiffeId Id, Struct Claims) Validate(string token, string audience, WorkloadSnapshot snapshot, DateTimeOffset now)
    {
        var parts = token.Split('.');
        if (parts.Length != 3) throw new FormatException("the token is not a JWS in compact form");

        using var header = ReadObject(parts[0], "header");
        using var claims = ReadObject(parts[1], "claims");
        CheckHeader(header.RootElement);
        var id = ReadSubject(claims.RootElement);

        var trust = snapshot.FindTrust(id.TrustDomain) ?? throw new FormatException("no bundle for the trust domain of the token's subject");
        CheckSignature(header.RootElement, parts, trust);
        CheckTimes(claims.RootElement, now);

        var result = ToStruct(claims.RootElement);
        var audiences = AsList(result);
        if (!audiences.Contains(audience)) throw new FormatException("the token is not meant for the audience");
        return (id, result);
    }

    private static void CheckHeader(JsonElement header)
    {
        if (ReadString(header, "alg") != "ES256") throw new FormatException("the algorithm of the token is not ES256, the only one of a development agent");
        if (header.TryGetProperty("typ", out _) && ReadString(header, "typ") is not ("JWT" or "JOSE")) throw new FormatException("the type of the token is neither JWT nor JOSE");
        if (header.TryGetProperty("crit", out _)) throw new FormatException("the token has critical headers that are not understood");
    }

    private static SpiffeId ReadSubject(JsonElement claims) =>
        SpiffeId.TryParse(ReadString(claims, "sub"), out var id) && id.Path.Length > 0 ? id : throw new FormatException("the subject of the token is no workload's SPIFFE ID");

    private static void CheckSignature(JsonElement header, string[] parts, TrustMaterial trust)
    {
        // JWT-SVID §2.2: kid is optional; where it stands, it alone chooses the key.
        var keys = header.TryGetProperty("kid", out _) ? trust.JwtKeys.RemoveAll(k => k.KeyId != ReadString(header, "kid")) : trust.JwtKeys;
        var signed = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
        var signature = Decode(parts[2], "signature");
        if (!keys.Any(k => k.Verify(signed, signature))) throw new FormatException("the signature of the token does not verify with the keys of its trust domain");
    }

    private static void CheckTimes(JsonElement claims, DateTimeOffset now)
    {
        var seconds = now.ToUnixTimeMilliseconds() / 1000.0;
        if (ReadNumber(claims, "exp") is not { } expires) throw new FormatException("the token has no expiry");
        if (expires <= seconds) throw new FormatException("the token has expired");
        if (claims.TryGetProperty("nbf", out _) && !(ReadNumber(claims, "nbf") <= seconds)) throw new FormatException("the token is not valid yet");
    }

    private static Google.Protobuf.Collections.RepeatedField<Value> Values(Value value) => value.ListValue.Values;

    // One audience is a list of one: the same shape for every caller.
    private static HashSet<string> AsList(Struct claims)
    {
        if (!claims.Fields.TryGetValue("aud", out var audience)) throw new FormatException("the token has no audience");
        if (audience.KindCase == Value.KindOneofCase.StringValue) claims.Fields["aud"] = audience = Value.ForList(audience);
        if (audience.KindCase != Value.KindOneofCase.ListValue) throw new FormatException("the audience of the token is neither a text nor a list");
        return [.. Values(audience).Select(static v => v.StringValue)];
    }

    private static JsonDocument ReadObject(string part, string what)
    {
        try
        {
            var document = JsonDocument.Parse(Decode(part, what), Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
        }
        catch (JsonException)
        {
            throw new FormatException($"the {what} of the token is not valid JSON");
        }

        throw new FormatException($"the {what} of the token is no JSON object");
    }

    private static byte[] Decode(string part, string what)
    {
        // The decoder would take padding and white space, which a JWS does not have (RFC 7515 §2).
        if (!part.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') || !Base64Url.IsValid(part))
            throw new FormatException($"the {what} of the token is not base64url");
        return Base64Url.DecodeFromChars(part);
    }

    private static string? ReadString(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static double? ReadNumber(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) ? number : null;

    private static Struct ToStruct(JsonElement element)
    {
        var result = new Struct();
        foreach (var member in element.EnumerateObject()) result.Fields.Add(member.Name, ToValue(member.Value));
        return result;
    }

    private static Value ToValue(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => Value.ForString(element.GetString()!),
        JsonValueKind.Number => Value.ForNumber(element.GetDouble()),
        JsonValueKind.True or JsonValueKind.False => Value.ForBool(element.GetBoolean()),
        JsonValueKind.Array => Value.ForList([.. element.EnumerateArray().Select(ToValue)]),
        JsonValueKind.Object => Value.ForStruct(ToStruct(element)),
        _ => Value.ForNull(),
    };
}
