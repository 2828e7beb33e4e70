using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.InteropTests;

/// <summary>A connection between the harness and a peer of ours.</summary>
/// <param name="Id">Whom the harness met, as it says; null when it refused.</param>
/// <param name="Presented">What the harness showed, its leaf first.</param>
/// <param name="Peer">Our end, which the harness names in its log.</param>
internal sealed record Meeting(string? Id, ImmutableArray<X509Certificate2> Presented, IPEndPoint Peer);
