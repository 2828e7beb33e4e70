using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;
using Xunit.Sdk;

namespace AspNetSpiffe.MeshTests;

/// <summary>What dig shows of one reply, with one space where dig has more.</summary>
internal sealed partial record DigReply(string Text, string Status, string[] Flags, int Size)
{
    public const string Dig = "dig";

    public string[] Question => [.. Section("QUESTION").Select(static line => line.TrimStart(';'))];

    public string[] Answer => Section("ANSWER");

    public string[] Authority => Section("AUTHORITY");

    public string[] Additional => Section("ADDITIONAL");

    /// <summary>Gets the addresses, ports and so on of the answer.</summary>
    public IEnumerable<string> Values => Answer.Select(static line => line.Split(' ', 5)[4]).Order(StringComparer.Ordinal);

    public static async Task<DigReply> AskAsync(IPEndPoint server, IEnumerable<string> query, CancellationToken cancellationToken) => (await AskAllAsync(server, query, cancellationToken)).Single();

    /// <summary>Asks several questions in one run of dig.</summary>
    public static async Task<DigReply[]> AskAllAsync(IPEndPoint server, IEnumerable<string> query, CancellationToken cancellationToken)
    {
        string[] arguments = ["-r", $"@{server.Address}", "-p", server.Port.ToString(CultureInfo.InvariantCulture), "+nocmd", .. query];
        var result = await OutsideProgram.RunAsync(Dig, arguments, "", cancellationToken);
        if (result.ExitCode != 0) throw new XunitException(result.All);
        return [.. Reply().Split(Spaces().Replace(result.Output, " ")).Skip(1).Select(Read)];
    }

    private static DigReply Read(string text) => new(
        text, Found(@"status: (\w+)", text), Found(@"(?m)^;; flags: ([^;]*);", text).Split(' ', StringSplitOptions.RemoveEmptyEntries),
        int.Parse(Found(@"MSG SIZE rcvd: (\d+)", text), CultureInfo.InvariantCulture));

    private static string Found(string pattern, string text) =>
        Regex.Match(text, pattern, RegexOptions.None, TimeSpan.FromSeconds(10)) is { Success: true } match ? match.Groups[1].Value : throw new XunitException($"No '{pattern}' in: {text}");

    private string[] Section(string name)
    {
        var lines = Text.Split('\n');
        var heading = Array.FindIndex(lines, line => line.StartsWith($";; {name} SECTION:", StringComparison.Ordinal));
        return heading < 0 ? [] : [.. lines.Skip(heading + 1).TakeWhile(static line => line.Length > 0)];
    }

    [GeneratedRegex("(?m)^;; Got answer:$")]
    private static partial Regex Reply();

    [GeneratedRegex(@"[ \t]+")]
    private static partial Regex Spaces();
}
