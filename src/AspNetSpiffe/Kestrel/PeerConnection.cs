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
/// that the connection keeps, so the verified peer waits beside its certificate until its connection asks. Only the registry changes what is said below of closing.
/// </remarks>
internal sealed class PeerConnection(BaseConnectionContext connection, PeerConnectionRegistry registry, long number) : ISpiffePeerFeature
{
    private static readonly ConditionalWeakTable<X509Certificate2, SpiffePeer> Verified = [];

    // Asked for now: the features of a connection are not to be read while it is in use.
    private readonly IConnectionLifetimeNotificationFeature? _lifetime = connection.Features.Get<IConnectionLifetimeNotificationFeature>();

    private volatile SpiffePeer? _peer;
    private volatile IReadOnlyList<RejectionReason> _reasons = [];
    private volatile bool _isClosing;
    private volatile bool _hasServed;

    /// <summary>Gets who was verified at the handshake. A request under way goes on to see it after the connection has ended.</summary>
    public SpiffePeer? Peer => _peer ?? Find(connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate);

    /// <summary>Gets the peer without asking the connection, which may be in the middle of its handshake.</summary>
    public SpiffePeer? KnownPeer => _peer;

    /// <summary>Gets a number that no other connection has.</summary>
    public long Number { get; } = number;

    /// <summary>Gets the lock under which the registry looks at it.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Gets or sets when to look at it again; the schedule's alone.</summary>
    public DateTimeOffset DueAt { get; set; } = DateTimeOffset.MaxValue;

    /// <summary>Gets or sets whether it has closed; the schedule's alone.</summary>
    public bool IsGone { get; set; }

    public EndPoint? Remote { get; } = connection.RemoteEndPoint;

    /// <summary>Gets whether new requests are refused.</summary>
    public bool HasEnded => _reasons.Count > 0;

    /// <summary>Gets why the connection has ended; empty before.</summary>
    public IReadOnlyList<RejectionReason> Reasons => _reasons;

    public DateTimeOffset EndedAt { get; private set; }

    /// <summary>Gets when the peer was verified.</summary>
    public DateTimeOffset AcceptedAt { get; set; }

    /// <summary>Gets from 0 to 1 where this connection stands among those that are asked to close together.</summary>
    public double Chance { get; set; }

    /// <summary>Gets whether the peer is to close, because its SVID expires soon: the next answer says so.</summary>
    public bool IsClosing
    {
        get => _isClosing;
        set => _isClosing = value;
    }

    /// <summary>Gets or sets whether the mode of the endpoint admits clients that show no certificate.</summary>
    public bool MayBeAnonymous { get; set; }

    /// <summary>Gets whether <see cref="RequestClose"/> has been called for.</summary>
    public bool IsAsked { get; set; }

    /// <summary>Gets whether there was a request.</summary>
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

    /// <summary>Asks the peer to close, because its SVID expires soon.</summary>
    /// <returns>Whether it had not been asked before.</returns>
    public bool AskToClose() => registry.AskToClose(this);

    /// <summary>Ends the connection: no new requests, those under way may finish.</summary>
    public void End(IReadOnlyList<RejectionReason> reasons, DateTimeOffset now)
    {
        EndedAt = now;
        _reasons = reasons;
    }

    /// <summary>Asks the peer to close. Runs callbacks of the application.</summary>
    // HTTP/2: GOAWAY. HTTP/1.1: 'Connection: close'.
    public void RequestClose() => _lifetime?.RequestClose();

    /// <summary>Cuts the connection off. May run callbacks of the application.</summary>
    public void Abort()
    {
        var why = new ConnectionAbortedException($"The peer may not stay: {string.Join(", ", _reasons)}.");
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
