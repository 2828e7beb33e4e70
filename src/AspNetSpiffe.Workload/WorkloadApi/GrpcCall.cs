using System.Buffers;
using System.Net;
using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace AspNetSpiffe;

/// <summary>One call: a request, the messages of the answer, and its status. Every failure becomes a <see cref="WorkloadApiException"/>.</summary>
internal static class GrpcCall
{
    /// <summary>Calls a method with one answer.</summary>
    public static async Task<T> UnaryAsync<T>(
        GrpcConnection connection, string method, IMessage request, Func<ReadOnlySequence<byte>, T?> read, CancellationToken cancellationToken) where T : class
    {
        T? answer = null;
        await foreach (var message in StreamAsync(connection, method, request, read, cancellationToken).ConfigureAwait(false))
        {
            // Which of two would be the answer?
            if (answer is not null) throw new WorkloadApiException(connection.Address, WorkloadApiFailure.MalformedResponse, $"The method '{method}' gave more than one answer.");
            answer = message;
        }

        return answer ?? throw new WorkloadApiException(connection.Address, WorkloadApiFailure.MalformedResponse, $"The method '{method}' succeeded without an answer.");
    }

    /// <summary>Calls a method and gives each message as it comes; ends when the server ends the stream with Ok.</summary>
    public static async IAsyncEnumerable<T> StreamAsync<T>(
        GrpcConnection connection, string method, IMessage request, Func<ReadOnlySequence<byte>, T?> read, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class
    {
        var address = connection.Address;
        using var response = await Explained(connection.SendAsync(method, request, cancellationToken), connection, cancellationToken).ConfigureAwait(false);
        ThrowIfNoGrpc(response, address);

        // An answer without messages has its status among the headers.
        if (GrpcStatus.Read(response.Headers) is { } early) ThrowIfFailed(early, address);

        var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var reader = new GrpcMessageReader(body, address, connection.MaxMessageBytes);
        while (await Explained(reader.ReadAsync(read, cancellationToken), connection, cancellationToken).ConfigureAwait(false) is { } message)
            yield return message;

        var status = GrpcStatus.Read(response.TrailingHeaders) ?? GrpcStatus.Read(response.Headers);
        ThrowIfFailed(status ?? throw new WorkloadApiException(address, WorkloadApiFailure.ConnectionLost, "The stream ended without a status."), address);
    }

    private static void ThrowIfNoGrpc(HttpResponseMessage response, WorkloadApiAddress address)
    {
        var type = response.Content.Headers.ContentType?.MediaType;
        if (response.StatusCode == HttpStatusCode.OK && type is not null && IsGrpc(type)) return;
        throw new WorkloadApiException(
            address,
            WorkloadApiFailure.MalformedResponse,
            $"It answered with HTTP {(int)response.StatusCode} and content type {SpiffeIdProblem.Quote(type)}, not with gRPC. What answers at this address is no SPIFFE Workload API: check the address.");
    }

    // 'application/grpc+proto' too, but not 'application/grpc-web'.
    private static bool IsGrpc(string type) =>
        type.Equals("application/grpc", StringComparison.OrdinalIgnoreCase) || type.StartsWith("application/grpc+", StringComparison.OrdinalIgnoreCase);

    private static void ThrowIfFailed(GrpcStatus status, WorkloadApiAddress address)
    {
        if (status.Code != GrpcStatusCode.Ok) throw new WorkloadApiException(address, status);
    }

    private static async Task<T> Explained<T>(Task<T> task, GrpcConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            return await task.ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            // A connection that breaks while we cancel is no news to the caller.
            if (cancellationToken.IsCancellationRequested) throw new OperationCanceledException(e.Message, e, cancellationToken);
            throw CallFailure.Explain(e, connection);
        }
    }
}
