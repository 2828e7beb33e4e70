using System.Diagnostics;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What work in this process costs: processor time of all its threads, in milliseconds.</summary>
internal static class Cost
{
    public static double Of(Action work)
    {
        var before = Environment.CpuUsage.TotalTime;
        work();
        return (Environment.CpuUsage.TotalTime - before).TotalMilliseconds;
    }

    public static async Task<double> OfAsync(Func<Task> work)
    {
        var before = Environment.CpuUsage.TotalTime;
        await work();
        return (Environment.CpuUsage.TotalTime - before).TotalMilliseconds;
    }

    /// <summary>Gives the nanoseconds of one of many calls: the least of five, because whatever else the machine does only adds to it.</summary>
    public static double OfOne(Action call, int times)
    {
        for (var i = 0; i < times; i++) call();
        return Enumerable.Range(0, 5).Min(_ => Repeat(call, times));
    }

    /// <summary>Gives the bytes that are alive, after a collection.</summary>
    public static long Alive()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true);
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static double Repeat(Action call, int times)
    {
        var begin = Stopwatch.GetTimestamp();
        for (var i = 0; i < times; i++) call();
        return Stopwatch.GetElapsedTime(begin).TotalNanoseconds / times;
    }
}
