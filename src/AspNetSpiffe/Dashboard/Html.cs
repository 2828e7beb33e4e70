using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.RegularExpressions;

namespace AspNetSpiffe;

/// <summary>A piece of HTML. It is made from an interpolated string alone: what stands there is markup, and what comes in its holes is encoded, unless it is such a piece itself.</summary>
internal readonly partial struct Html
{
    private readonly string? _text;

    private Html(string text) => _text = text;

    public static Html Of(Content content) => new(content.ToString());

    /// <summary>Takes a constant of our own as it is.</summary>
    public static Html OfConstant(string markup) => new(markup);

    /// <summary>Shows an ID or a pattern, which a narrow column breaks between its segments.</summary>
    public static Html Code(string? text) => Of($"<span class=\"code\">{Break().Split(text ?? "").Select((part, i) => Of($"{(i > 0 ? Of($"<wbr>") : default)}{part}"))}</span>");

    public override string ToString() => _text ?? "";

    [GeneratedRegex("(?<=[/,])(?=[^/])", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Break();

    /// <summary>What an interpolated string becomes.</summary>
    [InterpolatedStringHandler]
    internal readonly ref struct Content
    {
        private readonly StringBuilder _html;

        public Content(int literalLength, int formattedCount) => _html = new(literalLength + (formattedCount * 32));

        public void AppendLiteral(string markup) => _html.Append(markup);

        public void AppendFormatted(Html piece) => _html.Append(piece);

        public void AppendFormatted(IEnumerable<Html> pieces) => _html.AppendJoin("", pieces);

        public void AppendFormatted(string? text) => _html.Append(HtmlEncoder.Default.Encode(text ?? ""));

        public void AppendFormatted(long number) => _html.Append(number);

        public void AppendFormatted(double number) => _html.Append(CultureInfo.InvariantCulture, $"{number:0.##}");

        public override string ToString() => _html.ToString();
    }
}
