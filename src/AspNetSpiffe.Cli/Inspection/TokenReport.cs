using System.Buffers.Text;
using System.Text.Json;
using AspNetSpiffe.Cli.Output;

namespace AspNetSpiffe.Cli.Inspection;

/// <summary>The report on a token, by the rules of the library's own verifier. Neither the token nor its signature is shown.</summary>
internal static class TokenReport
{
    private static readonly string[] Shown = ["alg", "kid", "typ", "sub", "aud", "iss", "iat", "nbf", "exp"];
    private static readonly string[] Moments = ["iat", "nbf", "exp"];

    public static Report Make(string token, JwtBundleSet? bundles, string[] audiences, DateTimeOffset now) => new(
        FileKind.Token,
        FindId(token)?.ToString() ?? "a token without a SPIFFE ID",
        [.. FieldsOf(token)],
        [.. JwtSvidVerifier.Inspect(token, bundles, audiences, now).Select(RuleLine.OfToken)],
        DescribeNotChecked(bundles is null, audiences.Length == 0));

    /// <summary>Returns the claimed SPIFFE ID of a token, if it can be read.</summary>
    public static SpiffeId? FindId(string token) => JwtSvidVerifier.Verify(token, new([]), [Pages.OfTokens], TimeProvider.System.GetUtcNow()).Id;

    private static string? DescribeNotChecked(bool signature, bool audience) => (signature, audience) switch
    {
        (true, true) => "Neither signature nor audience was checked: give --bundle FILE or --socket ADDRESS, and --audience NAME.",
        (true, false) => "The signature was not checked: give --bundle FILE, or --socket ADDRESS for the bundles of a Workload API.",
        (false, true) => "The audience was not checked: give --audience NAME.",
        _ => null,
    };

    // For display only: the verifier parses the token itself.
    private static IEnumerable<(string Name, string Value)> FieldsOf(string token) =>
        token.Split('.') is [var header, var payload, _] ? FieldsOfPart(header).Concat(FieldsOfPart(payload)) : [];

    private static (string Name, string Value)[] FieldsOfPart(string part)
    {
        try
        {
            using var json = JsonDocument.Parse(Base64Url.DecodeFromChars(part));
            return [.. json.RootElement.EnumerateObject().Where(static field => Shown.Contains(field.Name)).Select(static field => (field.Name, Describe(field)))];
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
            // Reported by the rule for the form of a token.
            return [];
        }
    }

    private static string Describe(JsonProperty field) => Moments.Contains(field.Name) && field.Value.TryGetMoment(out var moment) ? Times.Describe(moment) : field.Value.ToString();

    private static bool TryGetMoment(this JsonElement value, out DateTimeOffset moment)
    {
        moment = default;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out var seconds) || seconds is < 0 or > 253402300799) return false;
        moment = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return true;
    }
}
