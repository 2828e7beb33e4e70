using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>Converts between JSON Web Keys and public keys: EC on P-256, P-384 and P-521, and RSA of 2048 to 8192 bits (RFC 7518 §6).</summary>
internal static class JsonWebKeys
{
    public const int MinRsaBits = 2048;
    public const int MaxRsaBits = 8192;

    // RFC 7518 §6.2.1: a coordinate has exactly the length of its curve.
    private static readonly (string Name, ECCurve Curve, int Length)[] Curves =
    [
        ("P-256", ECCurve.NamedCurves.nistP256, 32),
        ("P-384", ECCurve.NamedCurves.nistP384, 48),
        ("P-521", ECCurve.NamedCurves.nistP521, 66),
    ];

    /// <summary>Reads the public key. Members of a private key are ignored.</summary>
    /// <exception cref="FormatException">The key cannot be used; the message says why.</exception>
    public static PublicKey ReadPublicKey(JsonElement jwk) => StrictJson.FindText(jwk, "kty") switch
    {
        "EC" => ReadElliptic(jwk),
        "RSA" => ReadRsa(jwk),
        null => throw new FormatException("it has no 'kty'."),
        var other => throw new FormatException($"its 'kty' {SpiffeIdProblem.Quote(other)} is neither 'EC' nor 'RSA'."),
    };

    /// <summary>Writes the members of a public key into the JSON object that the caller has started.</summary>
    /// <exception cref="NotSupportedException">The key is neither RSA nor elliptic on one of the three curves.</exception>
    public static void WritePublicKey(Utf8JsonWriter json, PublicKey key)
    {
        try
        {
            using var elliptic = key.GetECDsaPublicKey();
            using var rsa = key.GetRSAPublicKey();
            if (elliptic is not null) WriteElliptic(json, elliptic.ExportParameters(includePrivateParameters: false));
            else if (rsa is not null) WriteRsa(json, rsa.ExportParameters(includePrivateParameters: false));
            else throw new NotSupportedException($"A key of the type '{key.Oid.FriendlyName ?? key.Oid.Value}' is not supported as a JSON Web Key.");
        }
        catch (CryptographicException e)
        {
            throw new NotSupportedException("A key that cannot be read cannot be written as a JSON Web Key.", e);
        }
    }

    private static void WriteElliptic(Utf8JsonWriter json, ECParameters key)
    {
        json.WriteString("kty", "EC");
        json.WriteString("crv", Array.Find(Curves, c => c.Curve.Oid.Value == key.Curve.Oid?.Value).Name
            ?? throw new NotSupportedException("An elliptic curve key must be on P-256, P-384 or P-521 to be written as a JSON Web Key."));
        json.WriteString("x", Base64Url.EncodeToString(key.Q.X));
        json.WriteString("y", Base64Url.EncodeToString(key.Q.Y));
    }

    private static void WriteRsa(Utf8JsonWriter json, RSAParameters key)
    {
        json.WriteString("kty", "RSA");
        json.WriteString("n", Base64Url.EncodeToString(key.Modulus));
        json.WriteString("e", Base64Url.EncodeToString(key.Exponent));
    }

    private static PublicKey ReadElliptic(JsonElement jwk)
    {
        var name = StrictJson.FindText(jwk, "crv");
        var (known, curve, length) = Array.Find(Curves, c => c.Name == name);
        if (known is null) throw new FormatException("its 'crv' is none of 'P-256', 'P-384' and 'P-521'.");
        var point = new ECPoint { X = ReadCoordinate(jwk, "x", length), Y = ReadCoordinate(jwk, "y", length) };
        try
        {
            using var key = ECDsa.Create(new ECParameters { Curve = curve, Q = point });
            return new(key);
        }
        catch (CryptographicException)
        {
            throw new FormatException("its point is not on its curve.");
        }
    }

    private static byte[] ReadCoordinate(JsonElement jwk, string name, int length)
    {
        var coordinate = ReadBytes(jwk, name);
        return coordinate.Length == length ? coordinate : throw new FormatException($"its '{name}' has {coordinate.Length} bytes; its curve needs {length}.");
    }

    private static PublicKey ReadRsa(JsonElement jwk)
    {
        var modulus = ReadBytes(jwk, "n").AsSpan().TrimStart((byte)0);
        var exponent = ReadBytes(jwk, "e").AsSpan().TrimStart((byte)0);
        var bits = modulus.IsEmpty ? 0 : (modulus.Length * 8) - byte.LeadingZeroCount(modulus[0]);
        if (bits is < MinRsaBits or > MaxRsaBits) throw new FormatException($"its 'n' has {bits} bits; RSA keys have {MinRsaBits} to {MaxRsaBits}.");

        if (!IsSafeExponent(exponent)) throw new FormatException("its 'e' is not an odd number from 3 to 4294967295.");
        try
        {
            using var key = RSA.Create(new RSAParameters { Modulus = modulus.ToArray(), Exponent = exponent.ToArray() });
            return new(key);
        }
        catch (CryptographicException)
        {
            throw new FormatException("its 'n' and 'e' are not an RSA key.");
        }
    }

    /// <summary>Determines whether the exponent is an odd number from 3 to 4294967295: with 1 anyone can forge signatures, and verification with a longer one is expensive.</summary>
    public static bool IsSafeExponent(ReadOnlySpan<byte> exponent)
    {
        exponent = exponent.TrimStart((byte)0);
        if (exponent.Length is 0 or > sizeof(uint)) return false;
        Span<byte> padded = stackalloc byte[sizeof(uint)];
        exponent.CopyTo(padded[^exponent.Length..]);
        return BinaryPrimitives.ReadUInt32BigEndian(padded) is var value && value >= 3 && value % 2 == 1;
    }

    private static byte[] ReadBytes(JsonElement jwk, string name) =>
        StrictJson.FindText(jwk, name) is { } text && Base64UrlText.TryDecode(text, out var bytes) ? bytes : throw new FormatException($"its '{name}' is missing or not valid base64url.");
}
