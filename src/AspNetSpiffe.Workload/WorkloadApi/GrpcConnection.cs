using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Google.Protobuf;

namespace AspNetSpiffe;

/// <summary>HTTP/2 without TLS over the agent's socket (SPIFFE Workload Endpoint §3): one connection for all calls.</summary>
internal sealed class GrpcConnection : IDisposable
{
    private readonly HttpMessageInvoker _http;
    private readonly Lock _opening = new();
    private readonly List<Socket> _sockets = [];
    private bool _disposed;

    public GrpcConnection(WorkloadApiAddress address, KeepAlive keepAlive, int maxMessageBytes)
    {
        Address = address;
        MaxMessageBytes = maxMessageBytes;
        _http = new(new SocketsHttpHandler
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
    }

    public WorkloadApiAddress Address { get; }

    public int MaxMessageBytes { get; }

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

    /// <summary>Ends all calls. Without closing the sockets, the handler would let running calls go on for ever.</summary>
    public void Dispose()
    {
        _http.Dispose();
        lock (_opening)
        {
            _disposed = true;
            foreach (var socket in _sockets) socket.Dispose();
            _sockets.Clear();
        }
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var endPoint = Address.EndPoint;
        var socket = endPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            Remember(socket);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
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
