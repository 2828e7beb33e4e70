using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>The one spelling of bytes in JWS and JWK: no padding, no white space, no bits left over (RFC 7515 §2).</summary>
internal static class Base64UrlText
{
    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (!Base64Url.IsValid(text)) return false;

        // The decoder takes several spellings of the same bytes; a signature must not have a second one.
        var decoded = Base64Url.DecodeFromChars(text);
        if (!text.SequenceEqual(Base64Url.EncodeToString(decoded))) return false;
        bytes = decoded;
        return true;
    }
}
