using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What a server under test says of itself: a line of its standard input is a question, a line of its standard output the answer.</summary>
internal sealed class Questions(IServiceProvider services) : IDisposable
{
    private const int Times = 20;

    private readonly Publications? _publications = services.GetService<X509Source>() is { } source ? new(source) : null;

    /// <summary>Answers until whoever started us ends.</summary>
    public Task AnswerAsync() => Task.Factory.StartNew(Answer, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public void Dispose() => _publications?.Dispose();

    // On a thread of its own. To read the console blocks, and the pool has but one thread for one core: without it, handshakes wait up to a second for another one.
    private void Answer()
    {
        while (Console.In.ReadLine() is { } question) Console.WriteLine(Answer(question));
    }

    private string Answer(string question) => question switch
    {
        "heap" => Text(Alive()),
        "allocated" => Text(GC.GetTotalAllocatedBytes(precise: true)),
        "jit" => Text(JitInfo.GetCompilationTime().Ticks),
        "published" => Text(_publications!.Next()),
        "look" => Look(services.GetRequiredService<PeerConnectionRegistry>()),
        _ => throw new InvalidOperationException($"Nobody knows '{question}'."),
    };

    // Free memory is given back as well: what it took to read a message is not to count as resident.
    private static long Alive()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return GC.GetTotalMemory(forceFullCollection: false);
    }

    /// <summary>Looks at all connections again, and gives how many there are and the milliseconds of each look.</summary>
    private static string Look(PeerConnectionRegistry registry)
    {
        List<string> answer = [Text(registry.Count)];
        for (var i = 0; i < Times; i++)
        {
            var begin = Stopwatch.GetTimestamp();
            registry.Check();
            answer.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds.ToString("R", CultureInfo.InvariantCulture));
        }

        return string.Join('\t', answer);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
