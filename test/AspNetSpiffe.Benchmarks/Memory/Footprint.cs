namespace AspNetSpiffe.Benchmarks;

/// <summary>What a server has of the machine: without connections, with a tenth of them, with all. In bytes.</summary>
/// <param name="Connections">How many are all.</param>
/// <param name="Heap">What all of them have added to the managed heap; only .NET says it.</param>
internal sealed record Footprint(int Connections, long Before, long Few, long Many, long? Heap)
{
    public double Each => (double)(Many - Before) / Connections;

    public double? HeapEach => (double?)Heap / Connections;
}
