using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Authentication;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Handshakes at fixed times, whether those before have ended or not, in a process of its own: <c>open-loop PEERS PER-SECOND SECONDS PORT...</c>, the servers in turn.</summary>
/// <remarks>Gives how long its own collections stopped it, and then a line for each handshake: see <see cref="Timed.Line"/>.</remarks>
internal sealed partial class OpenLoop(Peer peer, int port, int server, TimeSpan first, TimeSpan period, int count)
{
    // As many handshakes of one server may be late before the next one cannot begin in time. It counts from when it was due all the same.
    private const int Threads = 32;
    private const int MonotonicClock = 1, Absolute = 1, Interrupted = 4;

    private readonly Timed[] _handshakes = new Timed[count];
    private int _next = -1;

    public static int Run(string peers, int perSecond, int seconds, int[] ports)
    {
        var (peer, begin) = (Peer.ReadFile(peers)[0], Now + TimeSpan.FromMilliseconds(500));
        var period = TimeSpan.FromSeconds(1) / perSecond;
        OpenLoop[] loops = [.. ports.Select((port, i) => new OpenLoop(peer, port, i, begin + (i * period / ports.Length), period, perSecond * seconds))];
        Thread[] threads = [.. loops.SelectMany(loop => Enumerable.Range(0, Threads).Select(_ => new Thread(loop.Work)))];
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();

        Console.WriteLine(GC.GetTotalPauseDuration().TotalMilliseconds.ToString("R", CultureInfo.InvariantCulture));
        foreach (var loop in loops)
            foreach (var handshake in loop._handshakes)
                Console.WriteLine(handshake.Line(begin));
        return 0;
    }

    // By the clock that the system call sleeps by.
    private static TimeSpan Now => Stopwatch.GetElapsedTime(0);

    private void Work()
    {
        while (Interlocked.Increment(ref _next) is var i && i < count)
        {
            var due = first + (i * period);
            SleepUntil(due);
            var begun = Now;
            var good = Connect();
            _handshakes[i] = new(server, due, begun, Now, good);
        }
    }

    // With a request, as everywhere.
    private bool Connect()
    {
        try
        {
            using var connection = new TlsConnection(port, peer, []);
            return connection.Get();
        }
        catch (Exception e) when (e is AuthenticationException or SocketException)
        {
            return false;
        }
    }

    private static void SleepUntil(TimeSpan due)
    {
        var time = new Time((long)due.TotalSeconds, due.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
        while (clock_nanosleep(MonotonicClock, Absolute, time, 0) == Interrupted)
        {
        }
    }

    [LibraryImport("libc")]
    private static partial int clock_nanosleep(int clock, int flags, in Time until, nint remaining);

    private readonly record struct Time(long Seconds, long Nanoseconds);
}
