using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace AspNetSpiffe.Workload.Tests.Properties;

public sealed class JwtSvidReaderProperties
{
    [Property]
    [Trait("Spec", "JW-01"), Trait("Spec", "JW-04"), Trait("Spec", "JW-06"), Trait("Spec", "JW-08"), Trait("Spec", "JW-10"), Trait("Spec", "JW-12"), Trait("Spec", "JW-24")]
    public Property A_valid_token_is_read_with_all_that_it_says() =>
        Prop.ForAll(Inputs.Tokens, parts =>
        {
            var token = parts.Token().ToString();
            var svid = JwtSvidReader.Read(token);
            Assert.Equal(parts.Alg, svid.Header.Algorithm.ToString());
            Assert.Equal(parts.Kid, svid.Header.KeyId);
            Assert.Equal(parts.Sub.ToString(), svid.Id.ToString());
            Assert.Equal(parts.Audiences.AsEnumerable(), svid.Audiences);
            Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(parts.Exp), svid.ExpiresAt);
            Assert.Equal(parts.Nbf is { } nbf ? DateTimeOffset.FromUnixTimeSeconds(nbf) : null, svid.NotBefore);
            Assert.Equal(token, svid.Token);
        });

    [Property(MaxTest = 2000)]
    [Trait("Spec", "JW-01")]
    public Property With_one_character_changed_a_token_is_refused_or_says_other_bytes() =>
        Prop.ForAll(Inputs.ChangedTokens, parts =>
        {
            var (token, changed) = (parts.Token, parts.Changed);
            if (IsRead(changed) && changed != token) Assert.NotEqual(Decoded(token), Decoded(changed));
        });

    [Property(MaxTest = 2000)]
    [Trait("Spec", "JW-01")]
    public Property With_one_change_in_its_JSON_a_token_is_read_or_refused_and_nothing_else() =>
        Prop.ForAll(Inputs.TokensOfChangedJson, token =>
        {
            IsRead(token.ToString());
        });

    private static bool IsRead(string token)
    {
        try
        {
            Assert.Equal(token, JwtSvidReader.Read(token).Token);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    // The lenient decoder: it takes every spelling of the same bytes.
    private static string Decoded(string token) =>
        string.Join('.', token.Split('.').Select(part => Convert.ToHexString(Convert.FromBase64String(part.Replace('-', '+').Replace('_', '/').PadRight((part.Length + 3) / 4 * 4, '=')))));
}
