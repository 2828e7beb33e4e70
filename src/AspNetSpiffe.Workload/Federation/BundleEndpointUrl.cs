using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>What may be the URL of a bundle endpoint, configured or the target of a redirect: https, with a host and without a user (SPIFFE Federation §5.2.1.1, §5.2.2.1).</summary>
internal static class BundleEndpointUrl
{
    public static bool TryRead(string text, [NotNullWhen(true)] out Uri? url, [NotNullWhen(false)] out string? mistake) => TryRead(null, text, out url, out mistake);

    /// <summary>Reads the target of a redirect, which may be relative.</summary>
    public static bool TryRead(Uri? from, string text, [NotNullWhen(true)] out Uri? url, [NotNullWhen(false)] out string? mistake)
    {
        url = null;

        // Characters that a URL cannot have are where two readers of one URL see two hosts.
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

    // An empty user name is one too, and Uri does not tell.
    private static string AuthorityIn(string text)
    {
        var start = text.IndexOf("//", StringComparison.Ordinal);
        if (start < 0) return "";
        var end = text.AsSpan(start + 2).IndexOfAny('/', '?', '#');
        return end < 0 ? text[(start + 2)..] : text.Substring(start + 2, end);
    }
}
