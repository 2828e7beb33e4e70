using System.Globalization;
using Spectre.Console;

namespace AspNetSpiffe.Cli.Output;

/// <summary>Human-readable lines: with colours on a terminal, plain text elsewhere, never wrapped.</summary>
internal sealed class Terminal
{
    private const int FieldWidth = 12;
    private const int VerdictWidth = 9;
    private const int NameWidth = 10;

    private static readonly Style Plain = Style.Plain;
    private static readonly Style Dim = new(Color.Grey);
    private static readonly Style Bold = new(decoration: Decoration.Bold);
    private static readonly Style Good = new(Color.Green, decoration: Decoration.Bold);
    private static readonly Style Bad = new(Color.Red, decoration: Decoration.Bold);
    private static readonly Style Doubtful = new(Color.Yellow, decoration: Decoration.Bold);

    private readonly IAnsiConsole _console;

    /// <summary>Creates the terminal of the standard output.</summary>
    public Terminal()
        : this(Console.Out, Console.IsOutputRedirected)
    {
    }

    private Terminal(TextWriter output, bool isRedirected)
    {
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = isRedirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });

        // Addresses and tokens are copied from the output, so lines must not be wrapped here.
        _console.Profile.Width = int.MaxValue / 2;
    }

    public static Terminal OfErrors() => new(Console.Error, Console.IsErrorRedirected);

    public void Title(string text) => Line((text, Good));

    public void Heading(string text, string note) => Line((text, Bold), (note.Length > 0 ? "  " + note : "", Dim));

    public void Field(string name, string value) => Line(("  " + name.PadRight(FieldWidth), Dim), (value, Plain));

    public void Copy(string text) => Line(("  " + text, Bold));

    public void Note(string text) => Line((text, Dim));

    public void Event(DateTimeOffset when, string text)
    {
        // An exception has several lines.
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        Line(($"{when:HH:mm:ss}  ", Dim), (lines[0], Plain));
        foreach (var line in lines[1..]) Line((line, Plain));
    }

    /// <summary>Shows the result of a check, never by colour only.</summary>
    public void Verdict(Tone tone, string verdict, string name, string text) => Line((verdict.PadRight(VerdictWidth), StyleOf(tone)), (name.PadRight(NameWidth), Dim), (text, Plain));

    public void Remedy(string text) => Line((new string(' ', VerdictWidth) + "→ ", Dim), (text, Plain));

    public void Problem(string text) => Line((text, Bad));

    public void Blank() => _console.WriteLine();

    private static Style StyleOf(Tone tone) => tone switch { Tone.Good => Good, Tone.Bad => Bad, Tone.Doubtful => Doubtful, _ => Dim };

    private void Line(params ReadOnlySpan<(string Text, Style Style)> parts)
    {
        foreach (var (text, style) in parts) _console.Write(Visible(text), style);
        _console.WriteLine();
    }

    // Names in certificates and tokens are untrusted: remove line breaks, control sequences and bidirectional formatting.
    private static string Visible(string text) => string.Create(text.Length, text, static (span, from) =>
    {
        for (var i = 0; i < span.Length; i++) span[i] = IsVisible(from[i]) ? from[i] : '\uFFFD';
    });

    private static bool IsVisible(char c) =>
        char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}

/// <summary>The colour of a result.</summary>
internal enum Tone
{
    Good,
    Doubtful,
    Bad,
    Dim,
}
