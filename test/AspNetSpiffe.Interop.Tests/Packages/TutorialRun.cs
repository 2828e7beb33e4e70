using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>A reader of a tutorial: does what each block is marked with. Only ports and the folder of the sockets are his own.</summary>
/// <param name="packages">The machine with the SDK and the packages.</param>
/// <param name="folder">Where he works.</param>
/// <param name="sockets">The folder of the agent's sockets, in the place of /tmp/spiffe-….</param>
internal sealed partial class TutorialRun(BuiltPackages packages, string folder, string sockets) : IAsyncDisposable
{
    private readonly Dictionary<string, string> _addresses = new(StringComparer.Ordinal);

    // The last address that is named before a program listens is that of this program: on a free port here.
    private string? _awaited;
    private readonly Stack<OutsideProgram> _started = new();
    private string _printed = "";

    /// <summary>Does what a block says.</summary>
    public async Task DoAsync(CodeBlock block, CancellationToken cancellationToken)
    {
        var words = block.Mark.Split(' ', 2);
        switch (words[0])
        {
            case "not":
                break;
            case "file":
                var file = Path.Combine(folder, words[1]);
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                await File.WriteAllTextAsync(file, Own(block.Text), cancellationToken);
                break;
            case "run" or "run,":
                // Tools come from the feed alone.
                var result = await packages.RunAsync(Own(block.Text), block.Text.StartsWith("dotnet tool ", StringComparison.Ordinal) ? null : folder);
                Assert.True(HasEndedAs(words.ElementAtOrDefault(1) ?? "exit code 0", result.ExitCode), result.All);
                _printed = result.Output;
                break;
            case "prints":
                foreach (var line in block.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)) Assert.Contains(line, _printed, StringComparison.Ordinal);
                break;
            case "start,":
                _started.Push(packages.Start(folder, $"env {Own(block.Text).TrimEnd()}"));
                var listening = Listening().Match(await _started.Peek().ReadUntilAsync(words[1][6..], cancellationToken));
                if (listening.Success) _addresses[_awaited ?? throw new InvalidOperationException("No file names the port of this program.")] = listening.Value;
                break;
            case "logged":
                foreach (var line in block.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)) await _started.Peek().ReadUntilAsync(line, cancellationToken);
                break;
            default:
                throw new InvalidOperationException($"'{block.Mark}' is no mark of a tutorial.");
        }
    }

    /// <summary>Ends what runs, the last first: 'dotnet run' passes the signal on to its program.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(HangLimit.OfATest);
        foreach (var program in _started)
        {
            await program.TerminateAsync(patience.Token);
            await program.DisposeAsync();
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
