using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Mesh.Demo;

/// <summary>A part of the mesh: a process and its log. Thread-safe.</summary>
internal sealed class Part : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _name;
    private readonly List<string> _lines = [];
    private int _openStreams = 2;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Part(Process process, string name) => (_process, _name) = (process, name);

    /// <summary>Starts one of the programs of this sample.</summary>
    public static Part Start(string name, string program, params IEnumerable<string> arguments) => StartOther(name, "dotnet", ["exec", PathOf(program), .. arguments]);

    /// <summary>Starts a program of the system.</summary>
    public static Part StartOther(string name, string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            var part = new Part(Process.Start(start)!, name);
            part._process.OutputDataReceived += (_, line) => part.Add(line.Data);
            part._process.ErrorDataReceived += (_, line) => part.Add(line.Data);
            part._process.BeginOutputReadLine();
            part._process.BeginErrorReadLine();
            return part;
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException($"'{program}' cannot be started ({missing.Message}). Run build/install-test-tools, which installs what the samples and tests need.", missing);
        }
    }

    /// <summary>Returns the file of a program of this sample, which was built next to this one.</summary>
    public static string PathOf(string program)
    {
        var folder = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        return Path.Combine(Path.GetDirectoryName(folder)!, "..", $"Mesh.{CultureInfo.InvariantCulture.TextInfo.ToTitleCase(program)}", Path.GetFileName(folder), $"mesh-{program}.dll");
    }

    /// <summary>Gets the number of logged lines, from which to search for later ones.</summary>
    public int Count
    {
        get
        {
            lock (_lines) return _lines.Count;
        }
    }

    /// <summary>Returns the lines with this text.</summary>
    public IReadOnlyList<string> Find(string text)
    {
        lock (_lines) return [.. _lines.Where(line => line.Contains(text, StringComparison.Ordinal))];
    }

    /// <summary>Waits for a line with this text.</summary>
    /// <param name="text">The text of the line.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <param name="from">The number of lines to skip.</param>
    public async Task<string> WaitForAsync(string text, CancellationToken cancellationToken, int from = 0)
    {
        while (true)
        {
            Task changed;
            lock (_lines)
            {
                if (_lines.Skip(from).FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } found) return found;
                if (_openStreams == 0) throw new InvalidOperationException($"{_name} has ended:{Environment.NewLine}{string.Join(Environment.NewLine, _lines)}");
                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Kills it, as a crash would.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Asks it to end (SIGTERM), and waits until it has.</summary>
    public async Task StopAsync()
    {
        if (_process.HasExited) return;
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    // The end of a stream is reported as null.
    private void Add(string? line)
    {
        TaskCompletionSource changed;
        lock (_lines)
        {
            if (line is null) _openStreams--;
            else _lines.Add(line);
            (changed, _changed) = (_changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        changed.SetResult();
    }
}
