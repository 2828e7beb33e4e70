using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>A reader of a tutorial: does what each block is marked with. Only ports and the folder of the sockets are his own.</summary>
/// <param name="packages">The machine with the SDK and the packages.</param>
/// <param name="folder">Where he works.</param>
/// <param name="sockets">The folder of the agent's sockets, in the place of /tmp/spiffe-….</param>
internal sealed partial class TutorialRun(BuiltPackages packages, string folder, string sockets)
{
    private readonly Dictionary<string, string> _addresses = new(StringComparer.Ordinal);

    // The last address that is named before a program listens is that of this program: on a free port here.
    private string? _awaited;
    private OutsideProgram? _started;
    private string _printed = "";

    /// <summary>Does what a block says, and gives the program that it has started, if it has.</summary>
    public async Task<OutsideProgram?> DoAsync(CodeBlock block, CancellationToken cancellationToken)
    {
        var words = block.Mark.Split(' ', 2);
        switch (words[0])
        {
            case "not":
                return null;
            case "file":
                var file = Path.Combine(folder, words[1]);
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                await File.WriteAllTextAsync(file, Own(block.Text), cancellationToken);
                return null;
            case "run" or "run,":
                var result = await packages.RunAsync(Own(block.Text), folder);
                Assert.True(HasEndedAs(words.ElementAtOrDefault(1) ?? "exit code 0", result.ExitCode), result.All);
                _printed = result.Output;
                return null;
            case "prints":
                foreach (var line in block.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)) Assert.Contains(line, _printed, StringComparison.Ordinal);
                return null;
            case "start,":
                _started = packages.Start(folder, $"env {Own(block.Text).TrimEnd()}");
                var listening = Listening().Match(await _started.ReadUntilAsync(words[1][6..], cancellationToken));
                if (listening.Success) _addresses[_awaited ?? throw new InvalidOperationException("No file names the port of this program.")] = listening.Value;
                return _started;
            case "logged":
                foreach (var line in block.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)) await _started!.ReadUntilAsync(line, cancellationToken);
                return null;
            default:
                throw new InvalidOperationException($"'{block.Mark}' is no mark of a tutorial.");
        }
    }

    private string Own(string text)
    {
        text = SocketFolder().Replace(text, sockets);
        return Address().Replace(text, match =>
        {
            if (_addresses.TryGetValue(match.Value, out var address)) return address;
            _awaited = match.Value;
            return "https://127.0.0.1:0";
        });
    }

    private static bool HasEndedAs(string expected, int exitCode) => expected == "fails" ? exitCode != 0 : expected == $"exit code {exitCode}";

    [GeneratedRegex(@"/tmp/spiffe-[a-z]+")]
    private static partial Regex SocketFolder();

    [GeneratedRegex(@"https://localhost:\d+")]
    private static partial Regex Address();

    [GeneratedRegex(@"https://127\.0\.0\.1:\d+$")]
    private static partial Regex Listening();
}
