using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace AspNetSpiffe;

/// <summary>One connection to a SPIFFE endpoint: its verified peer, and the state of its closing.</summary>
/// <remarks>
/// If the application itself requests certificates, Kestrel's validation callback does not get the connection. It gets the same certificate instance
/// that the connection keeps, so the verified peer is stored by certificate until its connection reads it. Only the registry changes the state of closing.
/// </remarks>
internal sealed class PeerConnection(BaseConnectionContext connection, PeerConnectionRegistry registry, long number) : ISpiffePeerFeature
{
    private static readonly ConditionalWeakTable<X509Certificate2, SpiffePeer> Verified = [];

    // Read now, because the features of a connection must not be read while it is in use.
    private readonly IConnectionLifetimeNotificationFeature? _lifetime = connection.Features.Get<IConnectionLifetimeNotificationFeature>();

    private volatile SpiffePeer? _peer;
    private volatile IReadOnlyList<RejectionReason> _reasons = [];
    private volatile bool _isClosing;
    private volatile bool _hasServed;

    /// <summary>Gets the peer that was verified in the handshake. Requests in flight can still read it after the connection has ended.</summary>
    public SpiffePeer? Peer => _peer ?? Find(connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate);

    /// <summary>Gets the peer without reading the connection, whose handshake may be in progress.</summary>
    public SpiffePeer? KnownPeer => _peer;

    /// <summary>Gets a unique number.</summary>
    public long Number { get; } = number;

    /// <summary>Gets the lock under which the registry checks it.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Gets or sets the time of the next check; used by the schedule only.</summary>
    public DateTimeOffset DueAt { get; set; } = DateTimeOffset.MaxValue;

    /// <summary>Gets or sets whether it has closed; used by the schedule only.</summary>
    public bool IsGone { get; set; }

    public EndPoint? Remote { get; } = connection.RemoteEndPoint;

    /// <summary>Gets whether new requests are rejected.</summary>
    public bool HasEnded => _reasons.Count > 0;

    /// <summary>Gets why the connection has ended; empty before.</summary>
    public IReadOnlyList<RejectionReason> Reasons => _reasons;

    public DateTimeOffset EndedAt { get; private set; }

    /// <summary>Gets when the peer was verified.</summary>
    public DateTimeOffset AcceptedAt { get; set; }

    /// <summary>Gets or sets a random number from 0 to 1 that distributes the times of closing.</summary>
    public double Chance { get; set; }

    /// <summary>Gets or sets whether the connection is closing because the peer's SVID expires soon: announced with the next response.</summary>
    public bool IsClosing
    {
        get => _isClosing;
        set => _isClosing = value;
    }

    /// <summary>Gets or sets whether the mode of the endpoint accepts clients without a certificate.</summary>
    public bool MayBeAnonymous { get; set; }

    /// <summary>Gets or sets whether <see cref="RequestClose"/> was scheduled.</summary>
    public bool IsAsked { get; set; }

    /// <summary>Gets or sets whether there was a request.</summary>
    public bool HasServed
    {
        get => _hasServed;
        set => _hasServed = value;
    }

    public static void Remember(SpiffePeer peer) => Verified.AddOrUpdate(peer.Leaf, peer);

    public void Accept(SpiffePeer peer)
    {
        _peer = peer;
        registry.Accepted(this, peer);
    }

    /// <summary>Closes the connection gracefully, because the peer's SVID expires soon.</summary>
    /// <returns>Whether this is the first call.</returns>
    public bool AskToClose() => registry.AskToClose(this);

    /// <summary>Ends the connection: new requests are rejected, requests in flight may finish.</summary>
    public void End(IReadOnlyList<RejectionReason> reasons, DateTimeOffset now)
    {
        EndedAt = now;
        _reasons = reasons;
    }

    /// <summary>Starts the graceful close. Runs callbacks of the application.</summary>
    // HTTP/2: GOAWAY. HTTP/1.1: 'Connection: close'.
    public void RequestClose() => _lifetime?.RequestClose();

    /// <summary>Aborts the connection. May run callbacks of the application.</summary>
    public void Abort()
    {
        var why = new ConnectionAbortedException($"The connection was aborted because its peer is no longer accepted: {string.Join(", ", _reasons)}.");
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
