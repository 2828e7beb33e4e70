using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Google.Protobuf;

namespace AspNetSpiffe;

/// <summary>HTTP/2 without TLS over the agent's socket (SPIFFE Workload Endpoint §3): one connection for all calls.</summary>
internal sealed class GrpcConnection : IDisposable
{
    private readonly Lock _opening = new();
    private readonly List<Socket> _sockets = [];
    private readonly List<HttpMessageInvoker> _replaced = [];
    private volatile HttpMessageInvoker _http;
    private volatile AgentStream? _last;
    private KeepAlive _keepAlive;
    private bool _disposed;

    public GrpcConnection(WorkloadApiAddress address, KeepAlive keepAlive, int maxMessageBytes)
    {
        Address = address;
        MaxMessageBytes = maxMessageBytes;
        _keepAlive = keepAlive;
        _http = CreateClient(keepAlive);
    }

    public WorkloadApiAddress Address { get; }

    public int MaxMessageBytes { get; }

    /// <summary>Gets the last connection, to see who was at its other end.</summary>
    public AgentStream? Last => _last;

    /// <summary>Sends a request; the answer's headers have arrived, its messages may take for ever.</summary>
    public async Task<HttpResponseMessage> SendAsync(string method, IMessage message, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://localhost/SpiffeWorkloadAPI/{method}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new GrpcMessageContent(message),
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));

        // SPIFFE Workload Endpoint §3: on every call, or a browser could be tricked into making one.
        request.Headers.Add("workload.spiffe.io", "true");
        return await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Asks for signs of life half as often, from the next connection on.</summary>
    /// <returns>How often that is.</returns>
    public TimeSpan EaseOff()
    {
        lock (_opening)
        {
            if (_disposed || _keepAlive.IsCalmest) return _keepAlive.Delay;
            _keepAlive = _keepAlive.Calmer();

            // Calls that are under way may still use it.
            _replaced.Add(_http);
            _http = CreateClient(_keepAlive);
            return _keepAlive.Delay;
        }
    }

    /// <summary>Ends all calls. Without closing the sockets, the handler would let running calls go on for ever.</summary>
    public void Dispose()
    {
        lock (_opening)
        {
            _disposed = true;
            foreach (var http in _replaced.Append(_http)) http.Dispose();
            foreach (var socket in _sockets) socket.Dispose();
            _sockets.Clear();
        }
    }

    private HttpMessageInvoker CreateClient(KeepAlive keepAlive) => new(new SocketsHttpHandler
    {
        ConnectCallback = ConnectAsync,
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,

        // A frozen agent is found by its silence; a watch alone would wait for ever.
        KeepAlivePingDelay = keepAlive.Delay,
        KeepAlivePingTimeout = keepAlive.Timeout,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
    });

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var endPoint = Address.EndPoint;
        var socket = endPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : CreateTcpSocket(endPoint.AddressFamily);
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            Remember(socket);
            return _last = new AgentStream(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // The host at the other end may be gone without a word; its agent never asked us to be quiet about that.
    private static Socket CreateTcpSocket(AddressFamily family)
    {
        var socket = new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        return socket;
    }

    private void Remember(Socket socket)
    {
        lock (_opening)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _sockets.RemoveAll(static s => !s.Connected);
            _sockets.Add(socket);
        }
    }
}
