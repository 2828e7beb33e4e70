using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.IdentityModel.Tokens;

namespace AspNetSpiffe;

/// <summary>The bundle of one trust domain: CA certificates and JWT keys.</summary>
internal sealed record TrustMaterial(TrustDomain TrustDomain, ImmutableArray<X509Certificate2> X509Authorities, ImmutableArray<JsonWebKey> JwtKeys)
{
    /// <summary>Returns the CA certificates as concatenated DER.</summary>
    public ByteString ToDer() => UnsafeByteOperations.UnsafeWrap(X509Authorities.SelectMany(static c => c.RawData).ToArray());

    /// <summary>Returns the JWT keys as a JWK Set, without X.509 keys (Workload API §6.2.2).</summary>
    public ByteString ToJwks()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("keys");
            foreach (var key in JwtKeys) Write(json, key);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return UnsafeByteOperations.UnsafeWrap(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter json, JsonWebKey key)
    {
        json.WriteStartObject();
        json.WriteString("kty", key.Kty);
        json.WriteString("kid", key.Kid);
        json.WriteString("use", key.Use);
        json.WriteString("crv", key.Crv);
        json.WriteString("x", key.X);
        json.WriteString("y", key.Y);
        json.WriteEndObject();
    }
}
