using System.Net.Security;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>The handler of an HTTP client whose every connection shows our current SVID, and goes only to the server that is meant.</summary>
/// <remarks>
/// HTTP/1.1 and HTTP/2, https only. When our SVID is renewed, the pooled connections that were opened with the old one take no new requests. When a server's
/// SVID expires or its CA leaves the bundle, its connections are closed: requests under way have <see cref="DrainTimeout"/> to finish. A refused server ends
/// the request with an <see cref="HttpRequestException"/> whose inner exception is a <see cref="SpiffePeerRejectedException"/>. Thread-safe. Dispose it, or the
/// client that owns it.
/// </remarks>
public sealed class SpiffeHttpHandler : HttpMessageHandler
{
    // Timers end at 49 days; to look again each day costs nothing.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly X509Source _source;
    private readonly SpiffeTls _tls;
    private readonly SpiffeIdPattern _expected;
    private readonly Action<SocketsHttpHandler>? _configure;
    private readonly PeerStreams _streams;
    private readonly PeerTunnels _tunnels;
    private readonly IDisposable _subscription;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private volatile X509Context? _seen;
    private PeerPool _pool;
    private bool _disposed;
    private long _due = DateTimeOffset.MaxValue.UtcTicks;

    private SpiffeHttpHandler(X509Source source, SpiffeIdPattern expected, Action<SocketsHttpHandler>? configure)
    {
        (_source, _expected, _configure) = (source, expected, configure);
        _tls = new(source, expected);
        _streams = new(_tls, source.Time, source.Notifications.CreateLogger("AspNetSpiffe.HttpHandler"));
        _tunnels = new(_tls, expected);
        _timer = source.Time.CreateTimer(_ => Check(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
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
    /// Changes the other settings of the connections; runs again after each renewal of our SVID, so give it cookies and the like to share. Proxies are off, and
    /// no environment variable leads requests astray, unless it sets <see cref="SocketsHttpHandler.UseProxy"/>: then the same mutual TLS goes through the
    /// tunnel of a proxy whose address begins with <c>http</c>, <c>socks4</c>, <c>socks4a</c> or <c>socks5</c>. One with <c>https</c> is refused.
    /// </param>
    /// <example><code>
    /// using var client = new HttpClient(SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse("spiffe://example.org/orders")));
    /// </code></example>
    public static SpiffeHttpHandler Create(X509Source source, SpiffeIdPattern expectedServer, Action<SocketsHttpHandler>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(expectedServer);
        return new(source, expectedServer, configure);
    }

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri is { IsAbsoluteUri: true, Scheme: not "https" } address)
            throw new HttpRequestException($"A SPIFFE client speaks https only, but was asked for '{address}'.");
        PeerTunnels.MarkAsCallers(request);

        // We may be asked before the source has told us of its change, and a clock that jumps past an expiry moves no timer.
        if (!ReferenceEquals(_seen, _source.Current) || _source.Time.GetUtcNow().UtcTicks > Volatile.Read(ref _due)) Check();
        while (true)
        {
            var pool = Volatile.Read(ref _pool);
            if (pool.TryEnter()) return pool.SendAsync(request, cancellationToken);
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _subscription.Dispose();
            _timer.Dispose();
            lock (_lock)
            {
                _disposed = true;
                _pool.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    private void Check()
    {
        lock (_lock)
        {
            if (_disposed) return;
            var current = _source.Current;
            var next = _streams.Check(DrainTimeout, out var untrusted);
            if (untrusted || !_pool.IsOf(current?.DefaultSvid)) ReplacePool(current);

            // Last: whoever sees it must see the pool that belongs to it.
            _seen = current;
            Volatile.Write(ref _due, long.MaxValue);
            Schedule(next);
        }
    }

    private void ReplacePool(X509Context? current)
    {
        var old = _pool;
        Volatile.Write(ref _pool, CreatePool(current));
        old.Dispose();
    }

    private void Schedule(DateTimeOffset next)
    {
        if (next.UtcTicks >= Volatile.Read(ref _due)) return;
        Volatile.Write(ref _due, next.UtcTicks);

        // A moment later: an SVID is valid up to and including its last second.
        var wait = next - _source.Time.GetUtcNow() + TimeSpan.FromMilliseconds(1);
        _timer.Change(wait < LongestWait ? (wait > TimeSpan.Zero ? wait : TimeSpan.Zero) : LongestWait, Timeout.InfiniteTimeSpan);
    }

    private PeerPool CreatePool(X509Context? current)
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
        _configure?.Invoke(handler);
        if (handler.UseProxy) UseTunnels(handler);
        else
        {
            handler.ConnectCallback = ConnectAsync;

            // TLS that the handler makes itself (over QUIC) knows nothing of the expected server: refuse it.
            handler.SslOptions = new() { RemoteCertificateValidationCallback = static (_, _, _, _) => false };
        }

        return new(current?.DefaultSvid, handler);
    }

    private void UseTunnels(SocketsHttpHandler handler)
    {
        var filter = handler.PlaintextStreamFilter;
        handler.ConnectCallback = (context, cancellationToken) =>
            PeerTunnels.IsToProxy(context) ? _tunnels.ConnectToProxyAsync(context, cancellationToken) : ConnectAsync(context, cancellationToken);
        handler.SslOptions = _tunnels.CreateOptions();
        handler.PlaintextStreamFilter = (context, cancellationToken) => FilterAsync(filter, context, cancellationToken);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var protocols = ProtocolsFor(context.InitialRequestMessage);
        var stream = await PeerStream.ConnectAsync(_tls, _expected, context.DnsEndPoint, protocols, _streams.Remove, cancellationToken).ConfigureAwait(false);
        Add(stream);
        return stream;
    }

    private async ValueTask<Stream> FilterAsync(
        Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>>? filter, SocketsHttpPlaintextStreamFilterContext context, CancellationToken cancellationToken)
    {
        var peer = context.PlaintextStream is SslStream stream and not PeerStream ? _tunnels.PeerOf(stream) : null;
        var filtered = filter is null ? context.PlaintextStream : await filter(context, cancellationToken).ConfigureAwait(false);
        if (peer is null || filtered is null) return filtered!;

        var tunnel = new TunnelStream(filtered, peer, _streams.Remove);
        Add(tunnel);
        return tunnel;
    }

    private void Add(IPeerConnection connection)
    {
        _streams.Add(connection);

        // The bundles may have changed during the handshake: look at once, and again when this server's SVID expires.
        Check();
    }

    private static List<SslApplicationProtocol> ProtocolsFor(HttpRequestMessage request) => request switch
    {
        { Version.Major: 1, VersionPolicy: not HttpVersionPolicy.RequestVersionOrHigher } => [SslApplicationProtocol.Http11],
        { Version.Major: 2, VersionPolicy: not HttpVersionPolicy.RequestVersionOrLower } => [SslApplicationProtocol.Http2],
        _ => [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
    };
}
