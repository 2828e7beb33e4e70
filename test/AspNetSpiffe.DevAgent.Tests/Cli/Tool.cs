using System.Diagnostics;
using System.Text;
using System.Threading.Channels;

namespace AspNetSpiffe.AgentTests;

/// <summary>The built tool in a process of its own.</summary>
internal sealed class Tool : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _output;
    private readonly Task<string> _errors;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly Channel<string> _errorLines = Channel.CreateUnbounded<string>();

    private Tool(Process process)
    {
        _process = process;
        _output = ReadAsync();
        _errors = ReadErrorsAsync();
    }

    /// <summary>Starts the tool; the environment variable of the standard is set to the address, or unset.</summary>
    public static Tool Start(string? endpointSocket, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "aspnet-spiffe.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("SPIFFE_ENDPOINT_SOCKET");
        if (endpointSocket is not null) start.Environment["SPIFFE_ENDPOINT_SOCKET"] = endpointSocket;
        return new(Process.Start(start)!);
    }

    /// <summary>Runs the tool to its end.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string? endpointSocket, CancellationToken cancellationToken, params IEnumerable<string> arguments)
    {
        await using var tool = Start(endpointSocket, arguments);
        return await tool.WaitAsync(cancellationToken);
    }

    /// <summary>Runs the tool in a pipeline of the shell, to the end of all of it; gives the exit code of the tool itself.</summary>
    public static async Task<(int ExitCode, string Output)> RunInShellAsync(string pipeline, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("bash", ["-c", $"dotnet exec '{Path.Combine(AppContext.BaseDirectory, "aspnet-spiffe.dll")}' {pipeline}; exit ${{PIPESTATUS[0]}}"]) { RedirectStandardOutput = true };
        using var shell = Process.Start(start)!;
        try
        {
            var output = await shell.StandardOutput.ReadToEndAsync(cancellationToken);
            await shell.WaitForExitAsync(cancellationToken);
            return (shell.ExitCode, output);
        }
        finally
        {
            if (!shell.HasExited) shell.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Gives the next line that has the text in it.</summary>
    public Task<string> ReadLineAsync(string text, CancellationToken cancellationToken) => ReadLineAsync(_lines.Reader, text, cancellationToken);

    /// <summary>Gives the next line of the standard error that has the text in it.</summary>
    public Task<string> ReadErrorLineAsync(string text, CancellationToken cancellationToken) => ReadLineAsync(_errorLines.Reader, text, cancellationToken);

    private async Task<string> ReadLineAsync(ChannelReader<string> lines, string text, CancellationToken cancellationToken)
    {
        await foreach (var line in lines.ReadAllAsync(cancellationToken))
            if (line.Contains(text, StringComparison.Ordinal))
                return line;

        throw new InvalidOperationException($"The tool ended without a line with '{text}': {await _errors}");
    }

    /// <summary>Waits for the end; gives the lines that nobody has read.</summary>
    public async Task<(int ExitCode, string Output, string Errors)> WaitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        await _output;
        var rest = new List<string>();
        while (_lines.Reader.TryRead(out var line)) rest.Add(line);
        return (_process.ExitCode, string.Join('\n', rest), await _errors);
    }

    /// <summary>Sends a signal, for example INT.</summary>
    public async Task SignalAsync(string signal, CancellationToken cancellationToken)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        await kill.WaitForExitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        await _output;
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line) _lines.Writer.TryWrite(line);
        _lines.Writer.Complete();
    }

    private async Task<string> ReadErrorsAsync()
    {
        var all = new StringBuilder();
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            all.Append(line).Append('\n');
            _errorLines.Writer.TryWrite(line);
        }

        _errorLines.Writer.Complete();
        return all.ToString();
    }
}
