using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Xunit.Sdk;

namespace AspNetSpiffe.TestKit;

/// <summary>An external program: started without a shell, its output read, and killed by its own handle if it has not ended.</summary>
public sealed class OutsideProgram : IAsyncDisposable
{
    private const string Remedy = "Run 'build/install-test-tools', which installs the outside tools that the tests talk to.";

    private readonly Process _process;
    private readonly string _name;
    private readonly ErrorLines _errors;

    private OutsideProgram(Process process, string name)
    {
        (_process, _name) = (process, name);
        _errors = new(process.StandardError);
    }

    /// <summary>Starts a program with exactly these arguments.</summary>
    public static OutsideProgram Start(string program, params IEnumerable<string> arguments) => StartWith([], program, arguments);

    /// <summary>Starts a program with these variables in its environment.</summary>
    public static OutsideProgram StartWith(Dictionary<string, string?> environment, string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // A loopback server is reached directly, whatever the machine's proxy is.
        foreach (var name in start.Environment.Keys.Where(k => k.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);

        // Build servers that 'dotnet' leaves behind would hold its output open for as long as they wait for more work.
        (start.Environment["MSBUILDDISABLENODEREUSE"], start.Environment["UseSharedCompilation"]) = ("1", "false");
        foreach (var (name, value) in environment) start.Environment[name] = value;

        try
        {
            return new(Process.Start(start)!, program);
        }
        catch (Win32Exception e)
        {
            throw new XunitException($"'{program}' cannot be started: {e.Message}. {Remedy}");
        }
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<ProgramResult> RunAsync(string program, IEnumerable<string> arguments, string input, CancellationToken cancellationToken)
    {
        await using var running = Start(program, arguments);
        return await running.FinishAsync(input, cancellationToken);
    }

    public async Task WriteLineAsync(string line, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
    }

    /// <summary>Returns the next line of its standard output; the test fails when there is none, with what it wrote to standard error.</summary>
    public async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        if (await _process.StandardOutput.ReadLineAsync(cancellationToken) is { } line) return line;

        await _process.WaitForExitAsync(cancellationToken);
        await _errors.AllRead;
        throw new XunitException($"'{_name}' ended with {_process.ExitCode}: {_errors}{Environment.NewLine}If something is missing: {Remedy}");
    }

    /// <summary>Reads its standard output up to the line that has a text, and gives that line.</summary>
    public async Task<string> ReadUntilAsync(string text, CancellationToken cancellationToken)
    {
        while (true)
            if (await ReadLineAsync(cancellationToken) is var line && line.Contains(text, StringComparison.Ordinal))
                return line;
    }

    /// <summary>Ends its standard input.</summary>
    public void EndInput() => _process.StandardInput.Close();

    /// <summary>Writes the last of its standard input, and waits for its end.</summary>
    public async Task<ProgramResult> FinishAsync(string input, CancellationToken cancellationToken)
    {
        await TryWriteAsync(input, cancellationToken);
        var output = await _process.StandardOutput.ReadToEndAsync(cancellationToken);
        await _process.WaitForExitAsync(cancellationToken);
        await _errors.AllRead;
        return new(_process.ExitCode, output, _errors.ToString());
    }

    /// <summary>Gets how many lines it has written to standard error: where to look for the next.</summary>
    public int ErrorCount => _errors.Count;

    /// <summary>Waits until a line of its standard error has this text.</summary>
    /// <param name="text">What the line contains.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <param name="from">How many lines to pass over; by default none, so that earlier lines count.</param>
    public Task<string> WaitForErrorAsync(string text, CancellationToken cancellationToken, int from = 0) => _errors.WaitForAsync(text, from, cancellationToken);

    /// <summary>Asks it to end (SIGTERM), and waits for its end.</summary>
    public async Task<ProgramResult> TerminateAsync(CancellationToken cancellationToken)
    {
        await RunAsync("sh", ["-c", "kill -TERM \"$0\"", _process.Id.ToString(CultureInfo.InvariantCulture)], "", cancellationToken);
        return await FinishAsync("", cancellationToken);
    }

    /// <summary>Kills it, if it has not ended.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        await _errors.AllRead;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private async Task TryWriteAsync(string input, CancellationToken cancellationToken)
    {
        try
        {
            await _process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            EndInput();
        }
        catch (IOException)
        {
            // It ended before it read; its exit code and output tell the rest.
        }
    }
}
