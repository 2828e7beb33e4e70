using System.Net.Security;
using System.Security.Authentication;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>The handler of an HTTP client whose every connection shows our current SVID, and goes only to the server that is meant.</summary>
/// <remarks>
/// HTTP/1.1, HTTP/2 and web sockets over them; https and wss only. When our SVID is renewed, the pooled connections that were opened with the old one take no new
/// requests. When a certificate of a server's chain expires or its CA leaves the bundle, its connections are closed: requests under way have
/// <see cref="DrainTimeout"/> to finish. A refused server ends the request with a <see cref="SpiffePeerRejectedException"/>; one that may have refused us, with an
/// <see cref="HttpRequestException"/> that says so. Thread-safe. Dispose it, or the client that owns it.
/// <para>
/// It is a <see cref="DelegatingHandler"/> so that a gRPC channel finds the <see cref="SocketsHttpHandler"/> that it needs for client-side load balancing, and gives it
/// its connections: they come under our TLS. Do not set <see cref="DelegatingHandler.InnerHandler"/>.
/// </para>
/// </remarks>
public sealed class SpiffeHttpHandler : DelegatingHandler
{
    // Timers end at 49 days; to look again each day costs nothing.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly X509Source _source;
    private readonly SpiffeTls _tls;
    private readonly SpiffeIdPattern _expected;
    private readonly ClientSettings _settings;
    private readonly PeerStreams _streams;
    private readonly PeerTunnels _tunnels;
    private readonly IDisposable _subscription;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private volatile X509Context? _seen;
    private PeerPool _pool;
    private bool _disposed;
    private long _due = DateTimeOffset.MaxValue.UtcTicks;

    private SpiffeHttpHandler(X509Source source, SpiffeIdPattern expected, ClientSettings settings) : base(settings.Handler)
    {
        (_source, _expected, _settings) = (source, expected, settings);
        _tls = new(source, expected);
        _streams = new(_tls, source.Time, source.Notifications.CreateLogger("AspNetSpiffe.HttpHandler"));
        _tunnels = new(_tls, Refuse);
        _timer = source.Time.CreateTimer(_ => NotificationQueue.Guard(Check, _streams.CheckFailed), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _seen = source.Current;
        _pool = CreatePool(_seen);
        _subscription = ChangeToken.OnChange(source.GetChangeToken, Check);
    }

    /// <summary>Gets or sets how long requests under way have to finish when their server is no longer trusted.</summary>
    /// <value>Default: 30 seconds. From 0 to a day; <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of its range.</exception>
    public TimeSpan DrainTimeout
    {
        get;
        set => field = TimeRange.OfDrains.MistakeIn(value) is { } mistake ? throw new ArgumentOutOfRangeException(nameof(value), $"{nameof(DrainTimeout)} {mistake}") : value;
    } = TimeSpan.FromSeconds(30);

    /// <summary>Makes a handler for HTTP/1.1 and HTTP/2 over mutual TLS.</summary>
    /// <param name="source">Our SVID and the bundles.</param>
    /// <param name="expectedServer">Who must answer. There is no default: a client that calls anybody has no security.</param>
    /// <param name="configure">
    /// Changes the other settings of the connections; runs once. All of them are kept when our SVID is renewed. Of <see cref="SocketsHttpHandler.SslOptions"/>, what
    /// concerns certificates or the protocols of HTTP is refused. The stream of a <see cref="SocketsHttpHandler.ConnectCallback"/> is taken for the plain connection,
    /// whatever its type: mutual TLS with the expected server goes over it. A <see cref="SocketsHttpHandler.PlaintextStreamFilter"/> comes above the TLS. Proxies are off, and
    /// no environment variable leads requests astray, unless it sets <see cref="SocketsHttpHandler.UseProxy"/>: then the same mutual TLS goes through the
    /// tunnel of a proxy whose address begins with <c>http</c>, <c>socks4</c>, <c>socks4a</c> or <c>socks5</c>. One with <c>https</c> is refused.
    /// </param>
    /// <exception cref="InvalidOperationException"><paramref name="configure"/> made a setting that can have no effect; the message says what to do instead.</exception>
    /// <example><code>
    /// using var client = new HttpClient(SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse("spiffe://example.org/orders")));
    /// </code></example>
    public static SpiffeHttpHandler Create(X509Source source, SpiffeIdPattern expectedServer, Action<SocketsHttpHandler>? configure = null) =>
        CreateFrom(source, expectedServer, new() { UseProxy = false }, configure);

    /// <summary>Makes a handler that keeps what was chosen before.</summary>
    internal static SpiffeHttpHandler CreateFrom(X509Source source, SpiffeIdPattern expectedServer, SocketsHttpHandler chosen, Action<SocketsHttpHandler>? configure)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(expectedServer);
        return new(source, expectedServer, new(chosen, configure));
    }

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.RequestUri is { IsAbsoluteUri: true, Scheme: not ("https" or "wss") } address)
            throw new HttpRequestException($"A SPIFFE client speaks https only, and wss for web sockets, but was asked for '{address}'.");
        if (!ReferenceEquals(InnerHandler, _settings.Handler))
            throw new InvalidOperationException("The InnerHandler of a SpiffeHttpHandler was replaced, which has no effect: put other handlers around it.");
        PeerTunnels.MarkAsCallers(request);

        // We may be asked before the source has told us of its change, and a clock that jumps past an expiry moves no timer.
        if (!ReferenceEquals(_seen, _source.Current) || _source.Time.GetUtcNow().UtcTicks >= Volatile.Read(ref _due)) Check();
        while (true)
        {
            var pool = Volatile.Read(ref _pool);
            if (pool.TryEnter()) return pool.SendAsync(request, cancellationToken);
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
        }
    }

    /// <summary>Is not supported: connections are authenticated asynchronously.</summary>
    /// <exception cref="NotSupportedException">Always: nothing is sent.</exception>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        throw new NotSupportedException("A SPIFFE client sends asynchronously only: use SendAsync.");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
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
            var current = _source.Current;
            var next = _streams.Check(DrainTimeout, out var untrusted);
            if (untrusted || !_pool.IsOf(current?.DefaultSvid))
            {
                retired = _pool;
                Volatile.Write(ref _pool, CreatePool(current));
            }

            // Last: whoever sees it must see the pool that belongs to it.
            _seen = current;
            Volatile.Write(ref _due, long.MaxValue);
            Schedule(next);
        }

        // On a thread of its own: closing its idle connections may call streams of the application, and requests come this way.
        if (retired is not null) ThreadPool.UnsafeQueueUserWorkItem(static pool => pool.Dispose(), retired, preferLocal: false);
    }

    private void Schedule(DateTimeOffset next)
    {
        if (next.UtcTicks >= Volatile.Read(ref _due)) return;
        Volatile.Write(ref _due, next.UtcTicks);

        var wait = next - _source.Time.GetUtcNow();
        _timer.Change(wait < LongestWait ? (wait > TimeSpan.Zero ? wait : TimeSpan.Zero) : LongestWait, Timeout.InfiniteTimeSpan);
    }

    private PeerPool CreatePool(X509Context? current)
    {
        var handler = _settings.CreateHandler();
        handler.ConnectCallback = ConnectAsync;
        handler.PlaintextStreamFilter = FilterAsync;

        // Where there are no tunnels, TLS that the handler makes itself (over QUIC) knows nothing of the expected server: refuse it.
        handler.SslOptions = _settings.UseProxy
            ? _tunnels.CreateOptions(_settings.CreateTlsOptions())
            : new() { RemoteCertificateValidationCallback = static (_, _, _, _) => false };
        return new(current?.DefaultSvid, handler, _streams);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var isToProxy = _settings.UseProxy && PeerTunnels.IsToProxy(context);
        _tls.RequireSvid();
        var plain = await ConnectPlainAsync(context, cancellationToken).ConfigureAwait(false);
        if (isToProxy) return plain;

        var options = _settings.CreateTlsOptions();
        options.TargetHost ??= context.DnsEndPoint.Host;
        options.ApplicationProtocols = ProtocolsFor(context.InitialRequestMessage);
        return await PeerStream.AuthenticateAsync(plain, _tls, options, context.DnsEndPoint, Refuse, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<Stream> ConnectPlainAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        if (_settings.ConnectCallback is not { } connect) return await PeerStream.ConnectSocketAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
        return await connect(context, cancellationToken).ConfigureAwait(false) ?? throw new InvalidOperationException("The ConnectCallback gave no stream.");
    }

    private async ValueTask<Stream> FilterAsync(SocketsHttpPlaintextStreamFilterContext context, CancellationToken cancellationToken)
    {
        var peer = context.PlaintextStream switch
        {
            PeerStream direct => direct.Peer,
            SslStream tunnel => _tunnels.PeerOf(tunnel),
            _ when _settings.UseProxy => null,
            _ => throw new AuthenticationException("A connection without TLS is none to a server."),
        };
        var filtered = _settings.PlaintextStreamFilter is { } filter
            ? await filter(context, cancellationToken).ConfigureAwait(false) ?? throw new InvalidOperationException("The PlaintextStreamFilter gave no stream.")
            : context.PlaintextStream;
        return peer is null ? filtered : Add(new(filtered, peer, _streams));
    }

    private VerifiedStream Add(VerifiedStream stream)
    {
        _streams.Add(stream);

        // The bundles may have changed since the handshake: look at once, and again when this server's chain expires.
        Check();
        if (_tls.Recheck(stream.Peer) is { Count: > 0 } reasons)
        {
            stream.Dispose();
            throw Refuse(VerificationResult.Reject(reasons[0], stream.Peer.Id), null);
        }

        return stream;
    }

    private SpiffePeerRejectedException Refuse(VerificationResult result, Exception? inner) => new(result, _expected, _source.Current, inner);

    private static List<SslApplicationProtocol> ProtocolsFor(HttpRequestMessage request) => request switch
    {
        { Version.Major: 1, VersionPolicy: not HttpVersionPolicy.RequestVersionOrHigher } => [SslApplicationProtocol.Http11],
        { Version.Major: 2, VersionPolicy: not HttpVersionPolicy.RequestVersionOrLower } => [SslApplicationProtocol.Http2],
        _ => [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
    };
}
