using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Principal;
using AspNetSpiffe.Wire;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace AspNetSpiffe;

/// <summary>gRPC without TLS over the agent's socket (SPIFFE Workload Endpoint §3): one connection for all calls. Every failure becomes a <see cref="WorkloadApiException"/>.</summary>
internal sealed class AgentChannel : IDisposable
{
    // All instances of a pipe may be busy for a moment; later retries are the responsibility of the watch.
    private static readonly TimeSpan PipePatience = TimeSpan.FromSeconds(1);

    private readonly Lock _opening = new();
    private readonly List<GrpcChannel> _channels = [];
    private readonly AnswerInterceptor _answers;
    private volatile SpiffeWorkloadAPI.SpiffeWorkloadAPIClient _agent;
    private volatile AgentStream? _last;
    private volatile bool _disposed;
    private KeepAlive _keepAlive;

    public AgentChannel(WorkloadApiAddress address, KeepAlive keepAlive, SpiffeLimits limits)
    {
        Address = address;
        MaxMessageBytes = limits.MaxMessageBytes;
        _answers = new(new(limits));
        _keepAlive = keepAlive;
        _agent = Open();
    }

    public WorkloadApiAddress Address { get; }

    public int MaxMessageBytes { get; }

    public bool IsDisposed => _disposed;

    /// <summary>Gets the last connection, to diagnose what was at its other end.</summary>
    public AgentStream? Last => _last;

    /// <summary>Calls a unary method.</summary>
    public async Task<T> FetchAsync<T>(Func<SpiffeWorkloadAPI.SpiffeWorkloadAPIClient, CallOptions, AsyncUnaryCall<T>> start, CancellationToken cancellationToken)
        where T : class, IAnswer
    {
        using var call = start(_agent, new(cancellationToken: cancellationToken));
        var answer = await Explained(call.ResponseAsync, cancellationToken).ConfigureAwait(false);
        return answer.Refusal is { } refusal ? throw refusal : answer;
    }

    /// <summary>Calls a streaming method and returns each message as it arrives; ends when the agent ends the stream with OK.</summary>
    public async IAsyncEnumerable<T> WatchAsync<T>(
        Func<SpiffeWorkloadAPI.SpiffeWorkloadAPIClient, CallOptions, AsyncServerStreamingCall<T>> start, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IAnswer
    {
        using var call = start(_agent, new(cancellationToken: cancellationToken));
        while (await Explained(call.ResponseStream.MoveNext(cancellationToken), cancellationToken).ConfigureAwait(false))
            yield return call.ResponseStream.Current;
    }

    /// <summary>Halves the frequency of keep-alive pings, from the next connection on.</summary>
    /// <returns>The new interval.</returns>
    public TimeSpan EaseOff()
    {
        lock (_opening)
        {
            if (_disposed || _keepAlive.IsCalmest) return _keepAlive.Delay;
            _keepAlive = _keepAlive.Calmer();

            // Calls in progress may still use the previous channel.
            _agent = Open();
            return _keepAlive.Delay;
        }
    }

    /// <summary>Ends all calls, and closes the connection.</summary>
    public void Dispose()
    {
        lock (_opening) _disposed = true;

        // Outside the lock: continuations of the cancelled calls may run synchronously.
        foreach (var channel in _channels) channel.Dispose();
    }

    private SpiffeWorkloadAPI.SpiffeWorkloadAPIClient Open()
    {
        var sockets = new SocketsHttpHandler
        {
            ConnectCallback = ConnectAsync,
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,

            // Pings detect an agent that does not respond; a watch alone would wait forever.
            KeepAlivePingDelay = _keepAlive.Delay,
            KeepAlivePingTimeout = _keepAlive.Timeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        };

        // No retries in the channel: the watch decides on them. No OperationCanceledException either, because a lost connection would look like a cancellation.
        var channel = GrpcChannel.ForAddress("http://localhost", new()
        {
            HttpHandler = new WorkloadApiHandler(Address, sockets),
            DisposeHttpClient = true,
            MaxReceiveMessageSize = MaxMessageBytes,
            CompressionProviders = [],
            DisableResolverServiceConfig = true,
        });
        _channels.Add(channel);
        return new(channel.Intercept(_answers));
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var connection = Address.EndPoint is PipeEndPoint pipe
            ? await ConnectAsync(pipe, cancellationToken).ConfigureAwait(false)
            : await ConnectAsync(Address.EndPoint, cancellationToken).ConfigureAwait(false);
        return _last = new AgentStream(connection);
    }

    private static async Task<Stream> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = endPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : CreateTcpSocket(endPoint.AddressFamily);
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<Stream> ConnectAsync(PipeEndPoint endPoint, CancellationToken cancellationToken)
    {
        // The server of the pipe must not impersonate this process.
        var pipe = new NamedPipeClientStream(".", endPoint.Name, PipeDirection.InOut, PipeOptions.Asynchronous, TokenImpersonationLevel.Anonymous);
        try
        {
            await pipe.ConnectAsync(PipePatience, cancellationToken).ConfigureAwait(false);
            return pipe;
        }
        catch
        {
            await pipe.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // TCP keep-alive: the remote host may disappear without closing the connection.
    private static Socket CreateTcpSocket(AddressFamily family)
    {
        var socket = new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        return socket;
    }

    private async Task<T> Explained<T>(Task<T> task, CancellationToken cancellationToken)
    {
        try
        {
            return await task.ConfigureAwait(false);
        }
        catch (RpcException e)
        {
            // A connection that breaks during a cancellation is reported as a cancellation.
            if (cancellationToken.IsCancellationRequested) throw new OperationCanceledException("The call was cancelled.", e, cancellationToken);
            throw CallFailure.Explain(e, this);
        }
    }
}
