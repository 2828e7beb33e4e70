using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace AspNetSpiffe.Workload.Tests.Bundles;

/// <summary>Writes JSON Web Keys, and the sets of them, as texts that a test can spoil.</summary>
internal static class TestJwk
{
    public static string Ec(string kid, ECDsa key, string crv = "P-256", string use = "jwt-svid")
    {
        var q = key.ExportParameters(false).Q;
        return $$"""{"kty":"EC","kid":"{{kid}}","use":"{{use}}","crv":"{{crv}}","x":"{{Base64Url.EncodeToString(q.X)}}","y":"{{Base64Url.EncodeToString(q.Y)}}"}""";
    }

    public static string Ec(string kid)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Ec(kid, key);
    }

    private static string Rsa(RSAParameters key) => With(Rsa("", key.Modulus!, key.Exponent!), "use", "\"x509-svid\"");

    public static string Rsa(string kid, byte[] modulus, byte[] exponent) =>
        $$"""{"kty":"RSA","kid":"{{kid}}","use":"jwt-svid","n":"{{Base64Url.EncodeToString(modulus)}}","e":"{{Base64Url.EncodeToString(exponent)}}"}""";

    /// <summary>Writes a CA certificate as a bundle document has it: the key itself, and the certificate.</summary>
    public static string X509(X509Certificate2 certificate)
    {
        using var elliptic = certificate.GetECDsaPublicKey();
        using var rsa = certificate.GetRSAPublicKey();
        var jwk = elliptic is not null ? Ec("", elliptic, $"P-{elliptic.KeySize}", "x509-svid") : Rsa(rsa!.ExportParameters(false));
        return With(Without(jwk, "kid"), "x5c", $"[\"{Convert.ToBase64String(certificate.RawData)}\"]");
    }

    /// <summary>Writes a member, in the place of the one of that name if there is one.</summary>
    public static string With(string jwk, string name, string json)
    {
        var members = JsonNode.Parse(jwk)!.AsObject();
        members[name] = JsonNode.Parse(json);
        return members.ToJsonString();
    }

    /// <summary>Takes a member out.</summary>
    public static string Without(string jwk, string name)
    {
        var members = JsonNode.Parse(jwk)!.AsObject();
        Assert.True(members.Remove(name));
        return members.ToJsonString();
    }

    public static byte[] Set(params string[] keys) => Encoding.UTF8.GetBytes($$"""{"keys":[{{string.Join(',', keys)}}]}""");
}
