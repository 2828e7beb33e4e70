using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Who is measured, and with what: an order for the generator.</summary>
internal sealed record Contender(string Name, Server Server, string Peers, string Load = Contender.Handshakes, string Path = "/")
{
    public const string Handshakes = "handshakes", Resumed = "resumed", Http1 = "http/1.1", Http2 = "http/2";

    public string Order(int count) => string.Create(CultureInfo.InvariantCulture, $"{Load}\t{Server.Port}\t{Peers}\t{count}\t{Path}");
}

/// <summary>Contenders in the same situation, and those of them that the others are compared with: by ratio, but requests with the first by difference.</summary>
internal sealed record Case(string Name, int Count, string[] References, Contender[] Contenders)
{
    public bool IsOfRequests => Contenders[0].Load is not (Contender.Handshakes or Contender.Resumed);
}

/// <summary>What one round of one contender has cost.</summary>
/// <param name="Microseconds">Processor time of the server for each operation.</param>
/// <param name="Bytes">What the server allocated for each operation; only .NET says it.</param>
/// <param name="ServerShare">How busy the server's core was with the server.</param>
/// <param name="GeneratorShare">How busy the generator's core was with the generator.</param>
internal sealed record Sample(double Microseconds, double? Bytes, double ServerShare, double GeneratorShare);
