using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace AspNetSpiffe.Soak;

/// <summary>What happened and when: requests, faults, and the promises that were broken.</summary>
internal sealed class Ledger(TimeSpan time)
{
    private const int MostShown = 50;

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly ConcurrentDictionary<string, int> _broken = new();

    // Made at once, so that the ledger itself does not grow with the run; the last fault may run over the time.
    private readonly int[] _perSecond = new int[(int)time.TotalSeconds + 300];
    private readonly ConcurrentDictionary<string, TimeSpan> _latestEnds = new();
    private readonly Lock _faulting = new();
    private readonly List<Fault> _faults = [];
    private long _answered;
    private long _refused;
    private long _notJudged;

    public TimeSpan Now => _clock.Elapsed;

    public long Requests => Answered + Refused + NotJudged;

    /// <summary>Requests that were answered, as they should.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    /// <summary>Requests that were refused, as they should.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Requests during which the right of the caller changed.</summary>
    public long NotJudged => Interlocked.Read(ref _notJudged);

    /// <summary>Broken promises, by kind.</summary>
    public ConcurrentDictionary<string, int> Broken => _broken;

    /// <summary>The longest time that it took to close a connection whose peer had lost its right, by kind of connection.</summary>
    public IReadOnlyDictionary<string, TimeSpan> LatestEnds => _latestEnds;

    public IReadOnlyList<Fault> Faults
    {
        get
        {
            lock (_faulting) return [.. _faults];
        }
    }

    private Fault? Last
    {
        get
        {
            lock (_faulting) return _faults is [.., var last] ? last : null;
        }
    }

    public int RequestsIn(int second) => Volatile.Read(ref _perSecond[second]);

    public void CountAnswered() => Count(ref _answered);

    public void CountRefused() => Count(ref _refused);

    public void CountNotJudged() => Count(ref _notJudged);

    public void NoteEnd(string connection, TimeSpan time) => _latestEnds.AddOrUpdate(connection, time, (_, latest) => time > latest ? time : latest);

    public Fault Begin(string kind)
    {
        var fault = new Fault(kind, Now);
        lock (_faulting) _faults.Add(fault);
        return fault;
    }

    public void End(Fault fault) => fault.Ended = Now;

    /// <summary>Notes a broken promise, and prints it with the fault under way.</summary>
    public void Break(string promise, string what)
    {
        if (_broken.AddOrUpdate(promise, 1, static (_, n) => n + 1) > MostShown) return;
        var context = Last switch
        {
            null => "no fault yet",
            { Ended: null } fault => $"under way for {Seconds(Now - fault.Began)}: {fault.Kind}",
            { Ended: { } ended } fault => $"{Seconds(Now - ended)} after: {fault.Kind}",
        };
        Console.Error.WriteLine($"{Seconds(Now)} BROKEN: {promise}: {what} ({context})");
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.00 s", CultureInfo.InvariantCulture);

    private void Count(ref long counter)
    {
        Interlocked.Increment(ref counter);
        Interlocked.Increment(ref _perSecond[(int)Now.TotalSeconds]);
    }

    /// <summary>One fault: what, and from when to when.</summary>
    internal sealed record Fault(string Kind, TimeSpan Began)
    {
        public TimeSpan? Ended { get; set; }
    }
}
