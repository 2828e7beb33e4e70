using System.Buffers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>Converts between bundle documents and SpiffeBundle (SPIFFE Trust Domain and Bundle §4, X509-SVID §6, JWT-SVID §6).</summary>
internal static class SpiffeBundleJson
{
    private const string ForX509 = "x509-svid";
    private const string ForJwt = "jwt-svid";

    /// <exception cref="FormatException">The document is not a bundle; the message says why.</exception>
    public static SpiffeBundle Read(TrustDomain trustDomain, ReadOnlyMemory<byte> document)
    {
        var remarks = new List<string>();

        // This checks the document and every key's 'use'; the certificates, the sequence number and the refresh hint remain.
        var jwt = JwtBundle.Read(trustDomain, document, acceptMissingUse: false, remarks);
        return StrictJson.ReadObject(document, "The bundle", bundle =>
        {
            var sequence = ReadSequence(bundle);
            var refreshHint = ReadRefreshHint(bundle);
            var x509 = new X509Bundle(trustDomain, ReadCertificates(trustDomain, bundle.GetProperty("keys"), remarks));
            return new SpiffeBundle(x509, jwt, sequence, refreshHint, [.. remarks]);
        });
    }

    public static byte[] Write(SpiffeBundle bundle)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteStartArray("keys");
            foreach (var certificate in bundle.X509.Authorities) WriteX509(json, certificate);
            foreach (var authority in bundle.Jwt.Authorities) WriteJwt(json, authority);
            json.WriteEndArray();
            if (bundle.Sequence is { } sequence) json.WriteNumber("spiffe_sequence", sequence);
            if (bundle.RefreshHint is { } hint) json.WriteNumber("spiffe_refresh_hint", (long)hint.TotalSeconds);
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    // §4.1.1: consumers compare versions, so a truncated number must not be accepted.
    private static ulong? ReadSequence(JsonElement bundle)
    {
        if (!bundle.TryGetProperty("spiffe_sequence", out var number)) return null;
        return number.ValueKind == JsonValueKind.Number && number.TryGetUInt64(out var sequence)
            ? sequence
            : throw new FormatException("The bundle's 'spiffe_sequence' is not a whole number from 0 to 18446744073709551615.");
    }

    // §4.1.2: limited to a range, so that a publisher cannot make us poll too often or almost never; a number too large for an integer is valid too.
    private static TimeSpan? ReadRefreshHint(JsonElement bundle)
    {
        if (!bundle.TryGetProperty("spiffe_refresh_hint", out var number)) return null;
        var seconds = number.ValueKind == JsonValueKind.Number ? number.GetDouble() : double.NaN;
        if (seconds != Math.Truncate(seconds)) throw new FormatException("The bundle's 'spiffe_refresh_hint' is not a whole number of seconds.");
        return TimeSpan.FromSeconds(Math.Clamp(seconds, SpiffeBundle.MinRefreshHint.TotalSeconds, SpiffeBundle.MaxRefreshHint.TotalSeconds));
    }

    private static IEnumerable<X509Certificate2> ReadCertificates(TrustDomain trustDomain, JsonElement keys, List<string> remarks) =>
        keys.EnumerateArray().Select(jwk => StrictJson.ReadEntry($"A certificate in the bundle of '{trustDomain}'", remarks, () => FindCertificate(jwk))).OfType<X509Certificate2>();

    private static X509Certificate2? FindCertificate(JsonElement jwk)
    {
        // An entry with another 'use', or none, has already got its remark when the JWT keys were read.
        if (jwk.ValueKind != JsonValueKind.Object || StrictJson.FindText(jwk, "use") != ForX509) return null;

        // §4.2.1: an unknown key type is ignored, whatever its certificate contains.
        if (StrictJson.FindText(jwk, "kty") is not ("EC" or "RSA")) throw new FormatException("its 'kty' is neither 'EC' nor 'RSA'.");

        var certificate = JwkCertificate.Read(jwk);
        if (!CertificateUsage.TryRead(certificate, out var usage) || !usage.IsCa) throw new FormatException("its certificate is not a CA.");
        if (!HasKey(certificate)) throw new FormatException("the key in its certificate cannot be read.");

        // RFC 7517 §4.7: an inconsistent entry is rejected as a whole.
        var key = JsonWebKeys.ReadPublicKey(jwk);
        JwkCertificate.Check(certificate, jwk, key);
        JwkPurpose.Read(jwk, key);
        return certificate;
    }

    // A certificate whose point is not on its curve, or whose curve OpenSSL does not support, can be read, but fails when its key is used.
    private static bool HasKey(X509Certificate2 certificate)
    {
        try
        {
            using var elliptic = certificate.PublicKey.GetECDsaPublicKey();
            using var rsa = certificate.PublicKey.GetRSAPublicKey();
            return elliptic is not null || rsa is not null;
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException)
        {
            return false;
        }
    }

    private static void WriteX509(Utf8JsonWriter json, X509Certificate2 certificate)
    {
        // X509-SVID §6.1: one 'x5c', and no 'kid'.
        json.WriteStartObject();
        json.WriteString("use", ForX509);
        JsonWebKeys.WritePublicKey(json, certificate.PublicKey);
        json.WriteStartArray("x5c");
        json.WriteBase64StringValue(certificate.RawDataMemory.Span);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteJwt(Utf8JsonWriter json, JwtAuthority authority)
    {
        json.WriteStartObject();
        json.WriteString("use", ForJwt);
        json.WriteString("kid", authority.KeyId);
        if (authority.Algorithm is { } algorithm) json.WriteString("alg", algorithm);
        JsonWebKeys.WritePublicKey(json, authority.PublicKey);
        json.WriteEndObject();
    }
}
