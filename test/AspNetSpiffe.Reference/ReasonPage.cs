using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;

namespace AspNetSpiffe.Reference;

/// <summary>docs/reference/rejection-reasons.md: every reason, with its value in metrics.</summary>
internal static class ReasonPage
{
    private const string Introduction =
        """
        # Rejection reasons

        Every reason for which a certificate or a token is rejected. The name is in the log and in `SpiffePeerRejectedException.Reason`, the value in the tag `error.type` of metrics and spans. [Rejections](../rejections.md) says what to do
        about each. Names and values do not change.

        This page is generated: `build/reference` makes it from the code and its documentation, and a test fails when it is not current.

        """;

    public static string Write()
    {
        var text = new StringBuilder(Introduction);
        Append(text, "Certificates", "Log category `AspNetSpiffe.Handshake`, metric `spiffe.peer.rejections`; forwarded certificates: `AspNetSpiffe.Forwarded`, `spiffe.server.forwarded.rejected`.", typeof(RejectionReason), static name => name.ToLowerInvariant());
        Append(text, "Tokens", "Log category `AspNetSpiffe.Tokens`, metric `spiffe.server.tokens.rejected`.", typeof(JwtRejectionReason), static _ => "tokens");
        return text.ToString();
    }

    private static void Append(StringBuilder text, string title, string where, Type reasons, Func<string, string> anchor)
    {
        var docs = new XmlDocs(reasons.Assembly);
        text.Append(CultureInfo.InvariantCulture, $"\n## {title}\n\n{where}\n\n| reason | `error.type` | what it means |\n|---|---|---|\n");
        foreach (var field in reasons.GetFields(BindingFlags.Static | BindingFlags.Public).Where(field => field.Name != "None"))
            text.Append(CultureInfo.InvariantCulture, $"| [`{field.Name}`](../rejections.md#{anchor(field.Name)}) | `{JsonNamingPolicy.SnakeCaseLower.ConvertName(field.Name)}` | {docs.TextOf(field, "summary")} |\n");
    }
}
