using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>A P-256 key that signs JWT-SVIDs with ES256.</summary>
internal sealed class JwtSigningKey : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public JwtSigningKey() =>
        Public = new(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)), _key.ExportParameters(includePrivateParameters: false).Q);

    public JwtPublicKey Public { get; }

    /// <summary>Makes a token: JWT-SVID §2 (a closed set of headers) and §3 (sub, aud, exp).</summary>
    public string Sign(SpiffeId subject, ImmutableArray<string> audiences, DateTimeOffset issuedAt, DateTimeOffset expiresAt)
    {
        var header = Encode(json =>
        {
            json.WriteString("alg", "ES256");
            json.WriteString("kid", Public.KeyId);
            json.WriteString("typ", "JWT");
        });
        var claims = Encode(json =>
        {
            json.WriteString("sub", subject.ToString());
            json.WriteStartArray("aud");
            foreach (var audience in audiences) json.WriteStringValue(audience);
            json.WriteEndArray();
            json.WriteNumber("iat", issuedAt.ToUnixTimeSeconds());
            json.WriteNumber("exp", expiresAt.ToUnixTimeSeconds());
        });

        var signature = _key.SignData(Encoding.ASCII.GetBytes($"{header}.{claims}"), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return $"{header}.{claims}.{Base64Url.EncodeToString(signature)}";
    }

    public void Dispose() => _key.Dispose();

    private static string Encode(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return Base64Url.EncodeToString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }
}
