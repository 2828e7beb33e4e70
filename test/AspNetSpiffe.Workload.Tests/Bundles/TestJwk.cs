using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

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

    public static string Rsa(string kid, byte[] modulus, byte[] exponent) =>
        $$"""{"kty":"RSA","kid":"{{kid}}","use":"jwt-svid","n":"{{Base64Url.EncodeToString(modulus)}}","e":"{{Base64Url.EncodeToString(exponent)}}"}""";

    public static byte[] Set(params string[] keys) => Encoding.UTF8.GetBytes($$"""{"keys":[{{string.Join(',', keys)}}]}""");
}
