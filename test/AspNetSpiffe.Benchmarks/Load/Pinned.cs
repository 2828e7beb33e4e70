using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace AspNetSpiffe.Benchmarks;

/// <summary>A child process that stays on one core, and what it has cost by the clock of the operating system.</summary>
internal sealed partial class Pinned : IDisposable
{
    private readonly Process _process;

    private Pinned(int core, IEnumerable<string> command) => _process = Process.Start(
        new ProcessStartInfo("taskset", ["-c", core.ToString(CultureInfo.InvariantCulture), .. command]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;

    /// <summary>Gets the processor time so far, user and system, of all threads; finer than the ticks of /proc/PID/stat.</summary>
    public TimeSpan Cpu
    {
        get
        {
            // The kernel's number of a process's clock: see CPUCLOCK_SCHED in its posix-timers.h.
            if (clock_gettime((~_process.Id << 3) | 2, out var time) != 0) throw new InvalidOperationException("The process has ended.");
            return TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromMicroseconds(time.Nanoseconds / 1000.0);
        }
    }

    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public static Pinned Start(int core, params IEnumerable<string> command) => new(core, command);

    /// <summary>Starts this program again.</summary>
    public static Pinned StartOwn(int core, params IEnumerable<string> arguments) => new(core, Own(arguments));

    /// <summary>Gives the command that starts this program again.</summary>
    public static IEnumerable<string> Own(params IEnumerable<string> arguments) => ["dotnet", "exec", typeof(Pinned).Assembly.Location, .. arguments];

    public string Ask(string question)
    {
        WriteLine(question);
        return ReadLine();
    }

    public string ReadLine() => _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("A process has ended too early.");

    /// <summary>Reads up to the line that has a text, and gives what follows it there.</summary>
    public string ReadAfter(string text)
    {
        while (true)
            if (ReadLine() is var line && line.IndexOf(text, StringComparison.Ordinal) is >= 0 and var at)
                return line[(at + text.Length)..];
    }

    public void WriteLine(string line) => _process.StandardInput.WriteLine(line);

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, out Time time);

    private readonly record struct Time(long Seconds, long Nanoseconds);
}
