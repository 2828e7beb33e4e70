using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace AspNetSpiffe;

/// <summary>One call: a request, the messages of the answer, and its status. Every failure becomes a <see cref="WorkloadApiException"/>.</summary>
internal static class GrpcCall
{
    /// <summary>Calls a method with one answer.</summary>
    public static async Task<T> UnaryAsync<T>(
        GrpcConnection connection, string method, IMessage request, MessageParser<T> parser, CancellationToken cancellationToken) where T : class, IMessage<T>
    {
        T? answer = null;
        await foreach (var message in StreamAsync(connection, method, request, parser, cancellationToken).ConfigureAwait(false)) answer ??= message;
        return answer ?? throw new WorkloadApiException(WorkloadApiFailure.MalformedResponse, $"The method '{method}' succeeded without an answer.");
    }

    /// <summary>Calls a method and gives each message as it comes; ends when the server ends the stream with Ok.</summary>
    public static async IAsyncEnumerable<T> StreamAsync<T>(
        GrpcConnection connection, string method, IMessage request, MessageParser<T> parser, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        using var response = await Explained(connection.SendAsync(method, request, cancellationToken), cancellationToken).ConfigureAwait(false);
        ThrowIfNoGrpc(response);

        // An answer without messages has its status among the headers.
        if (GrpcStatus.Read(response.Headers) is { } early) ThrowIfFailed(early);

        var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var reader = new GrpcMessageReader(body);
        while (await Explained(reader.ReadAsync(parser, cancellationToken), cancellationToken).ConfigureAwait(false) is { } message)
            yield return message;

        ThrowIfFailed(GrpcStatus.Read(response.TrailingHeaders) ?? GrpcStatus.Read(response.Headers)
            ?? throw new WorkloadApiException(WorkloadApiFailure.ConnectionLost, "The stream ended without a status."));
    }

    private static void ThrowIfNoGrpc(HttpResponseMessage response)
    {
        var type = response.Content.Headers.ContentType?.MediaType;

        // 'application/grpc-web' is another protocol.
        if (response.StatusCode == HttpStatusCode.OK && type is not null && (type == "application/grpc" || type.StartsWith("application/grpc+", StringComparison.Ordinal))) return;
        throw new WorkloadApiException(
            WorkloadApiFailure.MalformedResponse,
            $"It answered with HTTP {(int)response.StatusCode} and content type '{type}', not with gRPC. What answers at this address is no SPIFFE Workload API: check the address.");
    }

    private static void ThrowIfFailed(GrpcStatus status)
    {
        if (status.Code != GrpcStatusCode.Ok) throw new WorkloadApiException(status);
    }

    private static async Task<T> Explained<T>(Task<T> task, CancellationToken cancellationToken)
    {
        try
        {
            return await task.ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            // A connection that breaks while we cancel is no news to the caller.
            if (cancellationToken.IsCancellationRequested) throw new OperationCanceledException(e.Message, e, cancellationToken);
            throw Explain(e);
        }
    }

    private static WorkloadApiException Explain(Exception e) => SocketErrorIn(e) switch
    {
        // .NET's name for ENOENT of a Unix socket.
        SocketError.AddressNotAvailable => new(WorkloadApiFailure.NoSuchSocket, "There is no such socket. Start the agent, or correct the address.", e),
        SocketError.ConnectionRefused => new(WorkloadApiFailure.ConnectionRefused, "Nobody listens there. Start the agent; a socket file may be left from one that is gone.", e),
        SocketError.AccessDenied => new(WorkloadApiFailure.NoPermission, "This process may not open the socket. Grant its user access to the socket and its folders.", e),
        _ => new(WorkloadApiFailure.ConnectionLost, $"The connection was lost: {e.Message}", e),
    };

    private static SocketError? SocketErrorIn(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
            if (e is SocketException socket)
                return socket.SocketErrorCode;

        return null;
    }
}
