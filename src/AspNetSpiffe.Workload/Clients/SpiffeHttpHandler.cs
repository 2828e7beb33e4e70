using System.Net.Security;
using System.Security.Authentication;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>An HTTP message handler whose connections use mutual TLS: they present our current SVID and accept only the expected server.</summary>
/// <remarks>
/// Supports HTTP/1.1, HTTP/2 and web sockets over them; https and wss only. When our SVID is renewed, the pooled connections that were opened with the old one take no new
/// requests. When a certificate of a server's chain expires or its CA is removed from the bundle, its connections are closed: in-flight requests have
/// <see cref="DrainTimeout"/> to finish. A request to a rejected server fails with a <see cref="SpiffePeerRejectedException"/>; one to a server that may have rejected our SVID, with an
/// <see cref="HttpRequestException"/> that says so. Thread-safe. Dispose it, or the client that owns it.
/// <para>
/// It is a <see cref="DelegatingHandler"/> so that a gRPC channel finds the <see cref="SocketsHttpHandler"/> that it needs for client-side load balancing, and provides
/// its connections, over which our TLS runs. Do not set <see cref="DelegatingHandler.InnerHandler"/>.
/// </para>
/// Created with <see cref="CreateTls"/>, it presents no SVID; created with <see cref="CreateMtlsToWeb"/>, it expects a Web PKI certificate of the server, and no SPIFFE ID.
/// </remarks>
public sealed partial class SpiffeHttpHandler : DelegatingHandler
{
    // Timers are limited to 49 days; a check per day costs nothing.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly ITrustSource _source;
    private readonly ClientTls _tls;
    private readonly ClientSettings _settings;
    private readonly PeerStreams _streams;
    private readonly PeerTunnels _tunnels;
    private readonly IDisposable _subscription;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private volatile object? _seen;
    private PeerPool _pool;
    private bool _disposed;
    private long _due = DateTimeOffset.MaxValue.UtcTicks;

    private SpiffeHttpHandler(ClientTls tls, ClientSettings settings) : base(settings.Handler)
    {
        (_source, _tls, _settings) = (tls.Source, tls, settings);
        _streams = new(tls, _source.Time, _source.Notifications.CreateLogger(LogCategories.HttpHandler));
        _tunnels = new(tls);
        _timer = _source.Time.CreateTimer(_ => NotificationQueue.Guard(Check, _streams.CheckFailed), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _seen = _source.Published;
        _pool = CreatePool(tls.Svid);
        _subscription = ChangeToken.OnChange(_source.GetChangeToken, Check);
        _source.Registry.AddClient(this, () => new() { Expected = tls.Expected, Connections = [.. _streams.Open] });
    }

    /// <summary>Gets or sets how long in-flight requests have to finish when their server is no longer trusted.</summary>
    /// <value>Default: 30 seconds. From 0 to a day; <see cref="Timeout.InfiniteTimeSpan"/> waits without limit.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public TimeSpan DrainTimeout
    {
        get;
        set => field = TimeRange.OfDrains.MistakeIn(value) is { } mistake ? throw new ArgumentOutOfRangeException(nameof(value), $"{nameof(DrainTimeout)} {mistake}") : value;
    } = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.RequestUri is { IsAbsoluteUri: true, Scheme: not ("https" or "wss") } address)
            throw new HttpRequestException($"A SPIFFE client supports https (and wss) only, but the request is for '{address}'.");
        if (!ReferenceEquals(InnerHandler, _settings.Handler))
            throw new InvalidOperationException("The InnerHandler of a SpiffeHttpHandler was replaced, which is not supported: add other handlers as outer handlers.");
        PeerTunnels.MarkAsCallers(request);

        // A request may arrive before the source has notified us of a change, and a clock that jumps past an expiry fires no timer.
        if (!ReferenceEquals(_seen, _source.Published) || _source.Time.GetUtcNow().UtcTicks >= Volatile.Read(ref _due)) Check();
        while (true)
        {
            var pool = Volatile.Read(ref _pool);
            if (pool.TryEnter()) return pool.SendAsync(request, cancellationToken);
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
        }
    }

    /// <summary>Not supported: connections are authenticated asynchronously.</summary>
    /// <exception cref="NotSupportedException">Always: nothing is sent.</exception>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        throw new NotSupportedException("A SPIFFE client supports asynchronous calls only: use SendAsync.");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _source.Registry.RemoveClient(this);
            _subscription.Dispose();
            _timer.Dispose();
            lock (_lock) _disposed = true;
            _pool.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Check()
    {
        PeerPool? retired = null;
        lock (_lock)
        {
            if (_disposed) return;
            var (published, svid) = (_source.Published, _tls.Svid);
            var next = _streams.Check(DrainTimeout, out var untrusted);
            if (untrusted || !_pool.IsOf(svid) || (_seen is null && published is not null))
            {
                retired = _pool;
                Volatile.Write(ref _pool, CreatePool(svid));
            }

            // Written last: a thread that sees it must see the matching pool.
            _seen = published;
            Volatile.Write(ref _due, long.MaxValue);
            Schedule(next);
        }

        // On another thread: closing idle connections may call streams of the application, which must not block a request.
        if (retired is not null) ThreadPool.UnsafeQueueUserWorkItem(static pool => pool.Dispose(), retired, preferLocal: false);
    }

    private void Schedule(DateTimeOffset next)
    {
        if (next.UtcTicks >= Volatile.Read(ref _due)) return;
        Volatile.Write(ref _due, next.UtcTicks);

        var wait = next - _source.Time.GetUtcNow();
        _timer.Change(wait < LongestWait ? (wait > TimeSpan.Zero ? wait : TimeSpan.Zero) : LongestWait, Timeout.InfiniteTimeSpan);
    }

    private PeerPool CreatePool(X509Svid? svid)
    {
        var handler = _settings.CreateHandler();
        handler.ConnectCallback = ConnectAsync;
        handler.PlaintextStreamFilter = FilterAsync;
        if (handler.ActivityHeadersPropagator is { } propagator && _tls.KnowsServers) handler.ActivityHeadersPropagator = new ServerIdPropagator(propagator, _tls, _streams);

        // Without tunnels, the handler's own TLS (over QUIC) does not verify the expected server: reject it.
        handler.SslOptions = _settings.UseProxy
            ? _tunnels.CreateOptions(_settings.CreateTlsOptions())
            : new() { RemoteCertificateValidationCallback = static (_, _, _, _) => false };
        return new(svid, _tls.ShowsSvid, handler, _streams);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var isToProxy = _settings.UseProxy && PeerTunnels.IsToProxy(context);
        _tls.RequireReady();
        var plain = await ConnectPlainAsync(context, cancellationToken).ConfigureAwait(false);
        if (isToProxy) return plain;

        var options = _settings.CreateTlsOptions();
        options.TargetHost ??= context.DnsEndPoint.Host;
        options.ApplicationProtocols = ProtocolsFor(context.InitialRequestMessage);
        return await PeerStream.AuthenticateAsync(plain, _tls, options, context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<Stream> ConnectPlainAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        if (_settings.ConnectCallback is not { } connect) return await PeerStream.ConnectSocketAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
        return await connect(context, cancellationToken).ConfigureAwait(false) ?? throw new InvalidOperationException("The ConnectCallback returned no stream.");
    }

    private async ValueTask<Stream> FilterAsync(SocketsHttpPlaintextStreamFilterContext context, CancellationToken cancellationToken)
    {
        var tls = context.PlaintextStream as SslStream;
        var peer = tls switch
        {
            PeerStream direct => direct.Peer,
            { } tunnel => _tunnels.PeerOf(tunnel),
            _ when _settings.UseProxy => null,
            _ => throw new AuthenticationException("The stream has no TLS, so it is not a connection to a verified server."),
        };
        var filtered = _settings.PlaintextStreamFilter is { } filter
            ? await filter(context, cancellationToken).ConfigureAwait(false) ?? throw new InvalidOperationException("The PlaintextStreamFilter returned no stream.")
            : context.PlaintextStream;
        if (tls is null) return filtered;

        var stream = new VerifiedStream(filtered, peer?.Id.ToString() ?? tls.TargetHostName, ServerIdPropagator.AuthorityOf(context.InitialRequestMessage), _streams);
        if (peer is null) return stream;
        Add(stream, peer);
        ServerIdPropagator.Connected(context.InitialRequestMessage, peer);
        return stream;
    }

    private void Add(VerifiedStream stream, SpiffePeer peer)
    {
        _streams.Add(stream, peer);

        // The bundles may have changed since the handshake: check at once, and again when this server's chain expires.
        Check();
        if (_tls.Recheck(peer) is not { Count: > 0 } reasons) return;

        stream.Dispose();
        throw _tls.Refuse(VerificationResult.Reject(reasons[0], peer.Id));
    }

    private static List<SslApplicationProtocol> ProtocolsFor(HttpRequestMessage request) => request switch
    {
        { Version.Major: 1, VersionPolicy: not HttpVersionPolicy.RequestVersionOrHigher } => [SslApplicationProtocol.Http11],
        { Version.Major: 2, VersionPolicy: not HttpVersionPolicy.RequestVersionOrLower } => [SslApplicationProtocol.Http2],
        _ => [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
    };
}
