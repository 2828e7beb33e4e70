using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace AspNetSpiffe;

/// <summary>A P-256 key that signs JWT-SVIDs with ES256.</summary>
internal sealed class JwtSigningKey : IDisposable
{
    // Only the claims of JWT-SVID §3.
    private static readonly JsonWebTokenHandler Tokens = new() { SetDefaultTimesOnTokenCreation = false };

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly SigningCredentials _credentials;

    public JwtSigningKey()
    {
        // A cached signer would outlive its key.
        var key = new ECDsaSecurityKey(_key) { KeyId = Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(16)), CryptoProviderFactory = new() { CacheSignatureProviders = false } };
        _credentials = new(key, SecurityAlgorithms.EcdsaSha256);
        Public = JwtKey(key);
    }

    public JsonWebKey Public { get; }

    /// <summary>Creates a token: JWT-SVID §2 (a closed set of headers) and §3 (sub, aud, exp).</summary>
    public string Sign(SpiffeId subject, ImmutableArray<string> audiences, DateTimeOffset issuedAt, DateTimeOffset expiresAt) => Tokens.CreateToken(new SecurityTokenDescriptor
    {
        Claims = new Dictionary<string, object>
        {
            ["sub"] = subject.ToString(),
            ["aud"] = audiences.ToArray(),
            ["iat"] = issuedAt.ToUnixTimeSeconds(),
            ["exp"] = expiresAt.ToUnixTimeSeconds(),
        },
        SigningCredentials = _credentials,
    });

    public void Dispose() => _key.Dispose();

    private static JsonWebKey JwtKey(ECDsaSecurityKey key)
    {
        var point = key.ECDsa.ExportParameters(includePrivateParameters: false).Q;
        return new()
        {
            Kty = JsonWebAlgorithmsKeyTypes.EllipticCurve,
            Kid = key.KeyId,
            Use = "jwt-svid",
            Crv = JsonWebKeyECTypes.P256,
            X = Base64UrlEncoder.Encode(point.X),
            Y = Base64UrlEncoder.Encode(point.Y),
        };
    }
}
