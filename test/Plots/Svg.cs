using System.Globalization;
using System.Security;
using System.Text;

namespace AspNetSpiffe.Plots;

/// <summary>A picture as SVG. It brings its own white ground, so that it can be read on a dark page too.</summary>
internal sealed class Svg
{
    /// <summary>Colours that differ for those too who do not tell red from green.</summary>
    public const string Ink = "#1f2328", Soft = "#6e7781", Faint = "#d8dee4", Grey = "#afb8c1", Blue = "#0072b2", Orange = "#d55e00";

    /// <summary>Which point of a text its place is: its begin, its middle or its end.</summary>
    public const string Start = "start", Middle = "middle", End = "end";

    private readonly StringBuilder _text = new();

    public Svg(double width, double height, string title)
    {
        Add($"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:0} {height:0}" width="{width:0}" height="{height:0}" font-family="sans-serif" font-size="12" fill="{Ink}">""");
        Add($"""<title>{Escape(title)}</title>""");
        Box(0, 0, width, height, "white");
    }

    public void Box(double x, double y, double width, double height, string fill, double opacity = 1) =>
        Add($"""<rect x="{x:0.##}" y="{y:0.##}" width="{width:0.##}" height="{height:0.##}" fill="{fill}"{(opacity < 1 ? Invariant($" fill-opacity=\"{opacity:0.##}\"") : "")}/>""");

    public void Line(double x1, double y1, double x2, double y2, string colour, double width = 1, string dashes = "none") =>
        Add($"""<line x1="{x1:0.##}" y1="{y1:0.##}" x2="{x2:0.##}" y2="{y2:0.##}" stroke="{colour}" stroke-width="{width:0.##}"{(dashes == "none" ? "" : $" stroke-dasharray=\"{dashes}\"")}/>""");

    public void Curve(IEnumerable<(double X, double Y)> points, string colour, double width = 1.2) =>
        Add($"""<polyline fill="none" stroke="{colour}" stroke-width="{width:0.##}" stroke-linejoin="round" points="{string.Join(' ', points.Select(p => Invariant($"{p.X:0.#},{p.Y:0.#}")))}"/>""");

    /// <summary>Draws many dots as one shape: a line of no length with round ends for each.</summary>
    public void Dots(IEnumerable<(double X, double Y)> points, string colour, double size, double opacity = 1) =>
        Add($"""<path stroke="{colour}" stroke-width="{size:0.##}" stroke-linecap="round" stroke-opacity="{opacity:0.##}" d="{string.Concat(points.Select(p => Invariant($"M{p.X:0.#} {p.Y:0.#}h0")))}"/>""");

    public void Text(double x, double y, string text, string anchor = Start, string colour = Ink, double size = 12, bool bold = false) =>
        Add($"""<text x="{x:0.##}" y="{y:0.##}" text-anchor="{anchor}" fill="{colour}" font-size="{size:0.#}"{(bold ? " font-weight=\"bold\"" : "")}>{Escape(text)}</text>""");

    public Task WriteAsync(string file) => File.WriteAllTextAsync(file, $"{_text}</svg>\n");

    private static string Escape(string text) => SecurityElement.Escape(text);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private void Add(FormattableString element) => _text.AppendLine(Invariant(element));
}
