using System.Diagnostics;
using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>The memory of connections that say nothing, and how fast they end when they must. In each round every server is a new process.</summary>
internal sealed class IdleRun : IDisposable
{
    public const string Nginx = "nginx", Haproxy = "haproxy", Plain = "Kestrel, plain mutual TLS", Ours = "AspNetSpiffe";

    // Its code is compiled and its pools are filled before the first figure is read.
    private const int WarmUp = 800;

    private readonly int _count;
    private readonly Material _material = new();
    private readonly Pinned _generator = Pinned.StartOwn(core: 0, "generate");
    private readonly string _peers;
    private readonly List<Revocation> _revocations = [];
    private readonly Dictionary<string, List<Footprint>> _footprints = new() { [Nginx] = [], [Haproxy] = [], [Plain] = [], [Ours] = [] };

    private IdleRun(int count)
    {
        _count = count;
        _peers = _material.IssuePeers("idle", count, intermediate: false);
    }

    public static async Task<int> RunAsync(int count, int rounds, string? report, string? plots)
    {
        RequireOpenFiles(count);
        var begin = TimeProvider.System.GetUtcNow();
        using var run = new IdleRun(count);
        for (var round = 1; round <= rounds; round++)
        {
            await run.RunRoundAsync();
            Console.Error.WriteLine($"round {round} of {rounds}");
        }

        await new IdleReport(run._footprints, run._revocations).WriteAsync(begin, report, plots);
        return 0;
    }

    public void Dispose()
    {
        _generator.Dispose();
        _material.Dispose();
    }

    private async Task RunRoundAsync()
    {
        using (var nginx = Server.Nginx(_material)) Measure(Nginx, nginx).Dispose();
        using (var haproxy = Server.Haproxy(_material)) Measure(Haproxy, haproxy).Dispose();
        using (var plain = Server.Kestrel(KestrelServer.ChainPolicy, _material)) Measure(Plain, plain).Dispose();

        await using var ours = await SpiffeServer.StartAsync(_material);
        using var clients = Measure(Ours, ours.Server);
        _revocations.Add(Revoke(ours, clients));
    }

    /// <summary>Measures a server, and gives its clients, which hold their connections.</summary>
    private Pinned Measure(string name, Server server)
    {
        var order = new Contender(name, server, _peers).Order(WarmUp);
        if (!_generator.Ask(order).StartsWith("0\t", StringComparison.Ordinal)) throw new InvalidOperationException($"{name}: a request failed.");

        var (before, heap) = Read(server);
        var clients = Pinned.StartOwn(core: 0, "idle-clients", server.Port.ToString(CultureInfo.InvariantCulture), _peers);
        Open(clients, name, _count / 10);
        var (few, _) = Read(server);
        Open(clients, name, _count);
        var (many, heapOfAll) = Read(server);
        _footprints[name].Add(new(_count, before, few, many, heapOfAll - heap));
        return clients;
    }

    private static void Open(Pinned clients, string name, int count)
    {
        var open = clients.Ask(count.ToString(CultureInfo.InvariantCulture));
        if (open != count.ToString(CultureInfo.InvariantCulture)) throw new InvalidOperationException($"{name}: only {open} of {count} connections are open.");
    }

    // After a collection, if there is something to collect.
    private static (long Resident, long? Heap) Read(Server server)
    {
        long? heap = server.IsDotnet ? server.Heap : null;
        return (server.Process.ResidentBytes, heap);
    }

    private Revocation Revoke(SpiffeServer ours, Pinned clients)
    {
        var answer = ours.Server.Process.Ask("look").Split('\t');
        if (answer[0] != _count.ToString(CultureInfo.InvariantCulture)) throw new InvalidOperationException($"The server knows {answer[0]} of {_count} connections.");

        var cpu = ours.Server.Process.Cpu;
        var sent = ours.Send(_material.WithAnotherAuthority()).Sent;
        var closed = long.Parse(clients.Ask("end"), CultureInfo.InvariantCulture);
        if (closed == 0) throw new InvalidOperationException("A connection stayed open whose peer is not trusted any more.");

        var looks = answer.Skip(1).Select(a => double.Parse(a, CultureInfo.InvariantCulture));
        return new([.. looks], Stopwatch.GetElapsedTime(sent, closed).TotalMilliseconds, (ours.Server.Process.Cpu - cpu).TotalMilliseconds);
    }

    // .NET has raised its own limit as far as it may, and its children have that.
    public static void RequireOpenFiles(int count)
    {
        const int Others = 500;
        var limit = File.ReadLines("/proc/self/limits").Single(l => l.StartsWith("Max open files", StringComparison.Ordinal));
        var soft = limit.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        if (!int.TryParse(soft, CultureInfo.InvariantCulture, out var most) || most >= count + Others) return;
        throw new InvalidOperationException(
            $"{count} connections need {count + Others} open files, and a process may have {most}: raise the limit with 'ulimit -n', or ask for fewer with --count.");
    }
}
