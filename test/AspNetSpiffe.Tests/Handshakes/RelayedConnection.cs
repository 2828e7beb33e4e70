namespace AspNetSpiffe.Tests.Handshakes;

/// <summary>How the two ends of one TLS connection began.</summary>
internal sealed class RelayedConnection
{
    private readonly MemoryStream _fromClient = new();
    private readonly MemoryStream _fromServer = new();

    /// <summary>Gets whether the client offers to resume a session.</summary>
    public bool IsOffered => Read(_fromClient).OffersSession;

    /// <summary>Gets whether the server takes the offer.</summary>
    public bool IsResumed => Read(_fromServer).Resumes(Read(_fromClient));

    public void AddFromClient(ReadOnlySpan<byte> bytes) => Add(_fromClient, bytes);

    public void AddFromServer(ReadOnlySpan<byte> bytes) => Add(_fromServer, bytes);

    private static void Add(MemoryStream stream, ReadOnlySpan<byte> bytes)
    {
        lock (stream) stream.Write(bytes);
    }

    private static Hello Read(MemoryStream stream)
    {
        lock (stream) return Hello.Read(stream.ToArray());
    }
}
