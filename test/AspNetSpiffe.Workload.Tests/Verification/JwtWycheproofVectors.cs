using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>Reads a file of Wycheproof's, and asks our own code about each vector.</summary>
internal static class JwtWycheproofVectors
{
    /// <summary>Gives the numbers of the vectors that are accepted and should not be, or the other way round.</summary>
    /// <param name="file">The file's name.</param>
    /// <param name="algorithm">The algorithm of bare signatures; <see langword="null"/> for a file of tokens.</param>
    public static IReadOnlyList<int> Differences(string file, JwtAlgorithm? algorithm)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(PublicVectors.PathOf("wycheproof", file)));
        var differences = new List<int>();
        foreach (var group in document.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            Func<JsonElement, bool> accepts = algorithm is { } known ? AcceptsSignatures(group, known) : AcceptsTokens(group);

            // What Wycheproof calls acceptable, an old form, has no place in JWS.
            foreach (var vector in group.GetProperty("tests").EnumerateArray())
                if (accepts(vector) != (vector.GetProperty("result").GetString() == "valid"))
                    differences.Add(vector.GetProperty("tcId").GetInt32());
        }

        return differences;
    }

    private static Func<JsonElement, bool> AcceptsSignatures(JsonElement group, JwtAlgorithm algorithm)
    {
        var authority = new JwtAuthority("k1", PublicKey.CreateFromSubjectPublicKeyInfo(Bytes(group, "publicKeyDer"), out _));
        return vector => authority.Fits(algorithm) && JwtSignature.IsBy(authority, algorithm, Bytes(vector, "msg"), Bytes(vector, "sig"));
    }

    private static Func<JsonElement, bool> AcceptsTokens(JsonElement group)
    {
        var bundle = JwtBundle.Read(TrustDomain.Parse("td"), KeysOf(group), acceptMissingUse: true, []);
        return vector => vector.TryGetProperty("jws", out var jws) && Accepts(jws.ValueKind == JsonValueKind.String ? jws.GetString()! : jws.GetRawText(), bundle);
    }

    // The payloads are no claims, so all is asked but what they say.
    private static bool Accepts(string token, JwtBundle bundle)
    {
        try
        {
            return JwtSvidVerifier.CheckSignature(token, JwtSvidReader.ReadHeader(token, out _), bundle) == JwtRejectionReason.None;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    // Secret keys were taken out. SPIFFE's word for a key that signs tokens is 'jwt-svid'.
    private static byte[] KeysOf(JsonElement group)
    {
        JsonArray keys = [];
        if (group.TryGetProperty("public", out var given))
            foreach (var key in given.TryGetProperty("keys", out var set) ? [.. set.EnumerateArray()] : (JsonElement[])[given])
            {
                var jwk = JsonObject.Create(key)!;
                if ((string?)jwk["use"] == "sig") jwk["use"] = "jwt-svid";
                keys.Add(jwk);
            }

        return JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["keys"] = keys });
    }

    private static byte[] Bytes(JsonElement element, string name) => Convert.FromHexString(element.GetProperty(name).GetString()!);
}
