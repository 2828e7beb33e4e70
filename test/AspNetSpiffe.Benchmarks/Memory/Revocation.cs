namespace AspNetSpiffe.Benchmarks;

/// <summary>How long it takes a server to look at all of its connections, and to close them when the CA of all peers has left the bundle. In milliseconds.</summary>
/// <param name="Looks">Each look at all connections, all of them still good.</param>
/// <param name="Closed">From the agent's message to the end of the last connection, as its client sees it.</param>
/// <param name="Cpu">The server's processor time for that, which a busy machine changes less.</param>
internal sealed record Revocation(double[] Looks, double Closed, double Cpu);
