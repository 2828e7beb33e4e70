using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>The permitted purposes of a JSON Web Key beside its 'use': <c>key_ops</c> and <c>alg</c> (RFC 7517 §§4.3 and 4.4, RFC 8725 §3.1).</summary>
internal static class JwkPurpose
{
    private const string Verify = "verify";

    /// <summary>Checks that the key may verify signatures.</summary>
    /// <param name="jwk">The entry.</param>
    /// <param name="key">The key that was read from it.</param>
    /// <returns>The only algorithm whose signatures the key verifies; <see langword="null"/> when the entry has no <c>alg</c>.</returns>
    /// <exception cref="FormatException">The key is for another purpose; the message says for which.</exception>
    public static JwtAlgorithm? Read(JsonElement jwk, PublicKey key)
    {
        if (jwk.TryGetProperty("key_ops", out var operations)) CheckOperations(operations);
        return jwk.TryGetProperty("alg", out var alg) ? ReadAlgorithm(alg, key) : null;
    }

    // §4.2: 'use' and 'key_ops' must not contradict each other; §4.3: no duplicate operation, and no unrelated one.
    private static void CheckOperations(JsonElement operations)
    {
        if (operations.ValueKind != JsonValueKind.Array) throw new FormatException("its 'key_ops' is not a list.");

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var operation in operations.EnumerateArray())
        {
            if (operation.ValueKind != JsonValueKind.String) throw new FormatException("its 'key_ops' has a value that is not a string.");
            var name = operation.GetString()!;
            if (name is not (Verify or "sign")) throw new FormatException($"its 'key_ops' has {SpiffeIdProblem.Quote(name)}: only signature operations are allowed.");
            if (!names.Add(name)) throw new FormatException($"its 'key_ops' has '{name}' twice.");
        }

        if (!names.Contains(Verify)) throw new FormatException($"its 'key_ops' has no '{Verify}'.");
    }

    private static JwtAlgorithm ReadAlgorithm(JsonElement alg, PublicKey key)
    {
        if (alg.ValueKind != JsonValueKind.String) throw new FormatException("its 'alg' is not a string.");
        var name = alg.GetString()!;
        if (!JwtAlgorithms.TryParse(name, out var algorithm)) throw new FormatException($"its 'alg' {SpiffeIdProblem.Quote(name)} is none of RS, ES and PS with 256, 384 or 512.");
        return JwtAlgorithms.KeyTypeOf(algorithm) == JwtKeyTypes.Find(key) ? algorithm : throw new FormatException($"its 'alg' '{name}' does not match its key.");
    }
}
