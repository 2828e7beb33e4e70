namespace AspNetSpiffe.Benchmarks;

/// <summary>Who is measured, and with what: an order for the generator.</summary>
internal sealed record Contender(string Name, Server Server, string Peers, string Load = "handshakes", string Path = "/")
{
    public string Order(int count) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Load}\t{Server.Port}\t{Peers}\t{count}\t{Path}");
}

/// <summary>Contenders in the same situation; the ratios are to those of these two names.</summary>
internal sealed record Case(string Name, int Count, Contender[] Contenders);

/// <summary>What one round of one contender has cost.</summary>
/// <param name="Microseconds">Processor time of the server for each operation.</param>
/// <param name="Bytes">What the server allocated for each operation; only of our own processes.</param>
/// <param name="ServerShare">How busy the server's core was with the server.</param>
/// <param name="GeneratorShare">How busy the generator's core was with the generator.</param>
internal sealed record Sample(double Microseconds, double? Bytes, double ServerShare, double GeneratorShare);
