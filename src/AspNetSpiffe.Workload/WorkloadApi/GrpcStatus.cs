using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace AspNetSpiffe;

/// <summary>How a call ended: the code, and the server's own words.</summary>
internal readonly record struct GrpcStatus(GrpcStatusCode Code, string Detail)
{
    private const int MostDetail = 500;

    /// <summary>Reads the status from trailers, or from the headers of an answer that has nothing else.</summary>
    /// <returns><see langword="null"/> when there is none.</returns>
    public static GrpcStatus? Read(HttpHeaders headers)
    {
        if (!headers.TryGetValues("grpc-status", out var values)) return null;
        if (!int.TryParse(values.FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var code)) return new(GrpcStatusCode.Unknown, "a status that is no number");

        var detail = headers.TryGetValues("grpc-message", out var messages) ? DecodePercent(messages.FirstOrDefault() ?? "") : "";
        return new(code is >= 0 and <= 16 ? (GrpcStatusCode)code : GrpcStatusCode.Unknown, OneLine(detail));
    }

    public override string ToString() => Detail.Length == 0 ? Code.ToString() : $"{Code}: {Detail}";

    // gRPC over HTTP/2: bytes outside of printable ASCII, and '%', are written as %XX; what is no escape stands for itself.
    private static string DecodePercent(string text)
    {
        if (!text.Contains('%')) return text;
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                bytes.Add(value);
                i += 2;
            }
            else
            {
                bytes.Add(text[i] <= 0x7F ? (byte)text[i] : (byte)'?');
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    // It goes into logs and exceptions.
    private static string OneLine(string text)
    {
        var line = string.Create(Math.Min(text.Length, MostDetail), text, static (span, from) =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = IsVisible(from[i]) ? from[i] : ' ';
        });
        return text.Length > MostDetail ? line + "…" : line;
    }

    // Neither a line of its own nor a text that runs the other way.
    private static bool IsVisible(char c) =>
        char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
