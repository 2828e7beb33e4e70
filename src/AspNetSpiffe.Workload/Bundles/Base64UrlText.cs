using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>Strict base64url as in JWS and JWK: no padding, no white space, no unused bits that are set (RFC 7515 §2).</summary>
internal static class Base64UrlText
{
    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (!Base64Url.IsValid(text)) return false;

        // The decoder accepts several encodings of the same bytes; a signature must have exactly one.
        var decoded = Base64Url.DecodeFromChars(text);
        if (!text.SequenceEqual(Base64Url.EncodeToString(decoded))) return false;
        bytes = decoded;
        return true;
    }
}
