using System.Diagnostics;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Fuzz;

/// <summary>Fires at one target until its time is over, or something is found.</summary>
internal sealed class Runner(Target target, int seed, TimeSpan time)
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(5);

    private readonly Stopwatch _clock = new();
    private byte[] _input = [];
    private long _began;

    public long Inputs { get; private set; }

    public long Accepted { get; private set; }

    public long MostBytes { get; private set; }

    public string? Finding { get; private set; }

    /// <summary>Says whether the present input has been under way for too long; asked by another thread.</summary>
    public bool Hangs => _clock.IsRunning && _clock.ElapsedMilliseconds - Volatile.Read(ref _began) > Hang.TotalMilliseconds;

    public void Run()
    {
        var mutator = new Mutator(new Random(seed), target.Seeds, target.Alphabet);

        // Once, so that what .NET loads and compiles at first counts for no input.
        foreach (var valid in target.Seeds) target.Read(valid);
        for (_clock.Start(); Finding is null && _clock.Elapsed < time; Inputs++) Fire(mutator.Next());
        _clock.Stop();
    }

    public string Describe() => $"{Finding ?? "no answer"} Input: {Convert.ToHexString(_input)}";

    private void Fire(byte[] input)
    {
        _input = input;
        Volatile.Write(ref _began, _clock.ElapsedMilliseconds);
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            if (target.Read(input)) Accepted++;
        }
        catch (Exception e)
        {
            Finding = e.ToString();
            return;
        }

        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        MostBytes = Math.Max(MostBytes, bytes);
        var limit = target.BytesPerInput + (target.BytesPerByte * input.Length);
        if (bytes > limit) Finding = $"It allocated {bytes} bytes; the limit for {input.Length} bytes is {limit}.";
    }
}
