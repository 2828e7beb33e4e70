using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>What Microsoft.IdentityModel thinks of a token, under the same bundles, audiences and clock. It takes more than we do; where it does, a line of the conformance list says so.</summary>
internal static class JwtOracle
{
    // Of the year 9999, where DateTime ends.
    private const long LastSecond = 253_402_300_799;

    private static readonly JsonWebTokenHandler Tokens = new() { MapInboundClaims = false };

    /// <summary>Fails when the two differ and no line of the conformance list says that they may.</summary>
    public static void AssertAgrees(JwtVerificationResult ours, string token, JwtBundleSet bundles, IReadOnlyCollection<string> audiences, DateTimeOffset now, TimeSpan leeway)
    {
        var theirs = Judge(token, bundles, audiences, now, leeway);
        if (ours.Accepted == theirs is null) return;
        var known = ours.Accepted ? AcceptedByUs(token) : RefusedByUs(ours.Reason, token);
        Assert.True(known is not null, $"We say '{ours.Reason}', Microsoft.IdentityModel '{theirs ?? "None"}', and no line of the conformance list says so: {token}");
    }

    /// <summary>Judges a token.</summary>
    /// <returns><see langword="null"/> when it is good, or why not.</returns>
    public static string? Judge(string token, JwtBundleSet bundles, IReadOnlyCollection<string> audiences, DateTimeOffset now, TimeSpan leeway)
    {
        try
        {
            // Whose bundle counts is SPIFFE's own rule, and not the library's.
            if (!SpiffeId.TryParse(Tokens.ReadJsonWebToken(token).Subject, out var id) || id.Path.Length == 0) return "no SPIFFE ID of a workload";
            if (bundles.Find(id.TrustDomain) is not { } bundle) return "no bundle";
            return Tokens.ValidateTokenAsync(token, Rules(bundle, audiences, now, leeway)).GetAwaiter().GetResult() is { IsValid: false } refused ? refused.Exception.Message : null;
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException)
        {
            return e.Message;
        }
    }

    // The lines of the conformance list by which we accept and refuse what the library does not.
    private static string? AcceptedByUs(string token) =>
        Times(Read(token.Split('.')[1])).Any(static t => !(t is JsonValue number && number.TryGetValue<long>(out var seconds) && seconds < LastSecond)) ? "JW-25" : null;

    private static string? RefusedByUs(JwtRejectionReason reason, string token)
    {
        var parts = token.Split('.');
        var (header, payload) = (Read(parts[0]), Read(parts[1]));
        return reason switch
        {
            JwtRejectionReason.TooLarge => "JW-23",
            JwtRejectionReason.Malformed when header is null || payload is null => "JW-01",
            JwtRejectionReason.CriticalHeader => "JW-03",
            JwtRejectionReason.WrongKeyType => "JW-05",
            JwtRejectionReason.UnknownKey when header?["kid"] is null => "JW-05",
            JwtRejectionReason.BadSignature when header?["kid"] is null => "JW-06",
            _ when header?["kid"]?.ToString() is "" => "JW-07",
            JwtRejectionReason.WrongType when header?["typ"]?.ToString() is "" => "JW-08",
            JwtRejectionReason.Malformed when Times(payload).Any(static t => t?.GetValueKind() == JsonValueKind.String) => "JW-25",
            _ => null,
        };
    }

    private static IEnumerable<JsonNode?> Times(JsonObject? payload) => ((string[])["exp", "nbf", "iat"]).Select(name => payload?[name]).Where(static time => time is not null);

    private static TokenValidationParameters Rules(JwtBundle bundle, IReadOnlyCollection<string> audiences, DateTimeOffset now, TimeSpan leeway) => new()
    {
        ValidateIssuer = false,
        ValidAudiences = audiences,
        ValidAlgorithms = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"],
        TypeValidator = static (type, _, _) => type is null or "" or "JWT" or "JOSE" ? type : throw new SecurityTokenInvalidTypeException(),
        IssuerSigningKeyResolver = (_, _, kid, _) => bundle.Authorities.Where(a => string.IsNullOrEmpty(kid) || a.KeyId == kid).Select(KeyOf),
        LifetimeValidator = (notBefore, expires, _, _) => expires + leeway > now.UtcDateTime && (notBefore is null || notBefore - leeway <= now.UtcDateTime),
    };

    private static SecurityKey KeyOf(JwtAuthority authority) => authority.PublicKey.Oid.Value == "1.2.840.113549.1.1.1"
        ? new RsaSecurityKey(authority.PublicKey.GetRSAPublicKey()) { KeyId = authority.KeyId }
        : new ECDsaSecurityKey(authority.PublicKey.GetECDsaPublicKey()) { KeyId = authority.KeyId };

    // What is no strict JSON object is null.
    private static JsonObject? Read(string part)
    {
        try
        {
            return JsonNode.Parse(Base64UrlEncoder.DecodeBytes(part), null, new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
