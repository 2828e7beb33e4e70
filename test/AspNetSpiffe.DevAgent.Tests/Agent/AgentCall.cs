using System.Buffers.Binary;
using System.Globalization;
using Google.Protobuf;

namespace AspNetSpiffe.AgentTests;

/// <summary>One gRPC call over the real socket, written without the project's own client.</summary>
internal sealed class AgentCall(HttpResponseMessage response, Stream body) : IDisposable
{
    public HttpResponseMessage Response => response;

    /// <summary>The status, in the headers or in the trailers after the last message.</summary>
    public int Status => int.Parse(Single("grpc-status"), CultureInfo.InvariantCulture);

    public string StatusMessage => Uri.UnescapeDataString(Single("grpc-message"));

    /// <summary>Gives the next message, or null at the end of the stream.</summary>
    public async Task<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken) where T : class, IMessage<T>
    {
        var prefix = new byte[5];
        if (await body.ReadAtLeastAsync(prefix, 5, throwOnEndOfStream: false, cancellationToken) == 0) return null;

        var message = new byte[BinaryPrimitives.ReadUInt32BigEndian(prefix.AsSpan(1))];
        await body.ReadExactlyAsync(message, cancellationToken);
        return parser.ParseFrom(message);
    }

    /// <summary>Reads to the end, and gives the status.</summary>
    public async Task<int> WaitForStatusAsync(CancellationToken cancellationToken)
    {
        await body.CopyToAsync(Stream.Null, cancellationToken);
        return Status;
    }

    public void Dispose() => response.Dispose();

    private string Single(string name) =>
        response.Headers.TryGetValues(name, out var values) || response.TrailingHeaders.TryGetValues(name, out values) ? values.Single() : "";
}
