using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.RegularExpressions;

namespace AspNetSpiffe;

/// <summary>An HTML fragment. Created from an interpolated string: the literal parts are markup; interpolated values are encoded, unless they are fragments themselves.</summary>
internal readonly partial struct Html
{
    private readonly string? _text;

    private Html(string text) => _text = text;

    public static Html Of(Content content) => new(content.ToString());

    /// <summary>Creates a fragment from a constant without encoding.</summary>
    public static Html OfConstant(string markup) => new(markup);

    /// <summary>Renders an ID or a pattern, with line break opportunities between its segments.</summary>
    public static Html Code(string? text) => Of($"<span class=\"code\">{Break().Split(text ?? "").Select((part, i) => Of($"{(i > 0 ? Of($"<wbr>") : default)}{part}"))}</span>");

    public override string ToString() => _text ?? "";

    [GeneratedRegex("(?<=[/,])(?=[^/])", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Break();

    /// <summary>The handler of interpolated strings.</summary>
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
