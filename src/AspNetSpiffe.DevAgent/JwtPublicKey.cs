using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>The public half of a JWT key, P-256, and its name.</summary>
internal sealed record JwtPublicKey(string KeyId, ECPoint Point)
{
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kty", "EC");
        json.WriteString("kid", KeyId);
        json.WriteString("use", "jwt-svid");
        json.WriteString("crv", "P-256");
        json.WriteString("x", Base64Url.EncodeToString(Point.X));
        json.WriteString("y", Base64Url.EncodeToString(Point.Y));
        json.WriteEndObject();
    }

    public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = Point });
        return key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }
}
