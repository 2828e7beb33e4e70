using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace AspNetSpiffe;

/// <summary>One connection to a SPIFFE endpoint: who is at its other end, and whether that still counts.</summary>
/// <remarks>
/// Where the application itself asks for certificates, Kestrel's validation callback is not told its connection. It is given the very certificate
/// that the connection keeps, so the verified peer waits beside its certificate until its connection asks.
/// </remarks>
internal sealed class PeerConnection(BaseConnectionContext connection, PeerConnectionRegistry registry) : ISpiffePeerFeature
{
    private static readonly ConditionalWeakTable<X509Certificate2, SpiffePeer> Verified = [];

    private volatile SpiffePeer? _peer;
    private int _ended;

    /// <summary>Gets who was verified at the handshake. A request under way goes on to see it after the connection has ended.</summary>
    public SpiffePeer? Peer => _peer ?? Find(connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate);

    public bool HasEnded => Volatile.Read(ref _ended) != 0;

    public EndPoint? Remote => connection.RemoteEndPoint;

    /// <summary>Gets why the connection has ended; the default before.</summary>
    public RejectionReason Reason { get; private set; }

    /// <summary>Gets when what is left of an ended connection is cut off.</summary>
    public DateTimeOffset AbortAt { get; private set; }

    public static void Remember(SpiffePeer peer) => Verified.AddOrUpdate(peer.Leaf, peer);

    public void Accept(SpiffePeer peer)
    {
        _peer = peer;
        registry.Accepted(this, peer);
    }

    /// <summary>Ends the connection: no new requests, those under way may finish.</summary>
    /// <returns>Whether it had not ended before.</returns>
    public bool TryEnd(RejectionReason reason, DateTimeOffset abortAt)
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0) return false;
        (Reason, AbortAt) = (reason, abortAt);

        // HTTP/2: GOAWAY. HTTP/1.1: 'Connection: close'.
        connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        return true;
    }

    public void Abort()
    {
        var why = new ConnectionAbortedException($"The peer may not stay: {Reason}.");
        if (connection is ConnectionContext context) context.Abort(why);
        else connection.Features.Get<IConnectionLifetimeFeature>()?.Abort();
    }

    private SpiffePeer? Find(X509Certificate2? certificate)
    {
        if (certificate is null || !Verified.TryGetValue(certificate, out var peer)) return null;
        Accept(peer);
        return peer;
    }
}
