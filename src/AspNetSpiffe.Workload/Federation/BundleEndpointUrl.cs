using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>Validates the URL of a bundle endpoint, configured or the target of a redirect: https, with a host and without a user name (SPIFFE Federation §5.2.1.1, §5.2.2.1).</summary>
internal static class BundleEndpointUrl
{
    public static bool TryRead(string text, [NotNullWhen(true)] out Uri? url, [NotNullWhen(false)] out string? mistake) => TryRead(null, text, out url, out mistake);

    /// <summary>Parses a URL; the target of a redirect may be relative.</summary>
    public static bool TryRead(Uri? from, string text, [NotNullWhen(true)] out Uri? url, [NotNullWhen(false)] out string? mistake)
    {
        url = null;

        // Different URL parsers may see different hosts in a URL with invalid characters.
        if (text.Any(static c => c is <= ' ' or >= '\x7f' or '\\' or '"' or '<' or '>' or '^' or '`' or '{' or '|' or '}')) mistake = "has a character that is not allowed in a URL; percent-encode it, and write an international host name in Punycode.";
        else if (!(from is null ? Uri.TryCreate(text, UriKind.Absolute, out url) : Uri.TryCreate(from, text, out url))) mistake = "is not an absolute URL, such as https://host/path.";
        else mistake = MistakeIn(url, text);

        if (mistake is not null) url = null;
        return url is not null;
    }

    /// <summary>Returns a URL for a log. The query is removed: that of a redirect may be a credential.</summary>
    public static string Describe(Uri url) => url.GetLeftPart(UriPartial.Path);

    private static string? MistakeIn(Uri url, string text)
    {
        if (url.Scheme != Uri.UriSchemeHttps) return $"has the scheme '{url.Scheme}'; a bundle endpoint requires https.";
        if (url.UserInfo.Length > 0 || AuthorityIn(text).Contains('@', StringComparison.Ordinal)) return "has user information, which is not allowed in the URL of a bundle endpoint.";
        return url.Host.Length == 0 ? "has no host." : null;
    }

    // An empty user name counts too, but Uri does not report it.
    private static string AuthorityIn(string text)
    {
        var start = text.IndexOf("//", StringComparison.Ordinal);
        if (start < 0) return "";
        var end = text.AsSpan(start + 2).IndexOfAny('/', '?', '#');
        return end < 0 ? text[(start + 2)..] : text.Substring(start + 2, end);
    }
}
