namespace AspNetSpiffe.Tests;

/// <summary>What a call allocates on this thread once it is warm.</summary>
internal static class Allocations
{
    public static long Of(Action call)
    {
        for (var i = 0; i < 1000; i++) call();

        // The JIT may replace the code under our feet once; what is ours comes every time.
        return Enumerable.Range(0, 5).Min(_ => Measure(call));
    }

    private static long Measure(Action call)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) call();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
