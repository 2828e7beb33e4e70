namespace AspNetSpiffe.Benchmarks;

/// <summary>What a server had of the machine at some moment.</summary>
internal readonly record struct MemorySample(TimeSpan At, int Rotations, long Resident);
