using System.Diagnostics;

namespace AspNetSpiffe.Soak;

/// <summary>The agent as a process of its own: killed without a warning, frozen, and started again.</summary>
internal sealed class AgentProcess(string folder, IReadOnlyCollection<string> upstreams) : IAsyncDisposable
{
    private Process? _process;

    public int Kills { get; private set; }

    public string AddressOf(string workload) => $"unix://{Path.Combine(folder, workload + ".sock")}";

    /// <summary>Starts it; when this returns, its sockets answer.</summary>
    public async Task StartAsync()
    {
        var program = typeof(AgentProcess).Assembly.Location;
        _process = Process.Start(new ProcessStartInfo("dotnet", ["exec", program, "agent", folder, .. upstreams])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        if (await _process.StandardOutput.ReadLineAsync() != "ready") throw new InvalidOperationException("The agent process did not start.");
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        Kills++;
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public Task FreezeAsync() => SignalAsync("-STOP");

    public Task ThawAsync() => SignalAsync("-CONT");

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await KillAsync();
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{_process!.Id}"]);
        await kill.WaitForExitAsync();
        if (kill.ExitCode != 0) throw new InvalidOperationException($"kill {signal} failed.");
    }
}
