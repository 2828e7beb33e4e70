using System.Net;
using System.Threading.Channels;

namespace AspNetSpiffe.InteropTests;

/// <summary>One call of a gRPC client that is an HttpClient and these lines: names go out as they are given, replies come as they come.</summary>
internal sealed class GreeterCall : IAsyncDisposable
{
    private readonly Channel<string> _names = Channel.CreateUnbounded<string>();
    private readonly Task<HttpResponseMessage> _response;
    private readonly CancellationToken _cancellationToken;
    private IAsyncEnumerator<string>? _replies;

    public GreeterCall(HttpMessageInvoker client, string address, string method, CancellationToken cancellationToken)
    {
        _cancellationToken = cancellationToken;
        var request = new HttpRequestMessage(HttpMethod.Post, $"https://{address}/greeter.Greeter/{method}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new Names(_names.Reader),
        };
        request.Headers.TE.Add(new("trailers"));
        _response = client.SendAsync(request, cancellationToken);
    }

    public void Send(string name) => Assert.True(_names.Writer.TryWrite(name));

    public void EndSending() => _names.Writer.Complete();

    /// <summary>Gives the next reply, or null at the end.</summary>
    public async Task<string?> ReadAsync()
    {
        _replies ??= GrpcMessages.ReadAsync(await (await _response).Content.ReadAsStreamAsync(_cancellationToken), _cancellationToken).GetAsyncEnumerator(_cancellationToken);
        return await _replies.MoveNextAsync() ? _replies.Current : null;
    }

    /// <summary>Gives the status after the last reply: from the trailers, or from the headers of an answer that has nothing else.</summary>
    public async Task<int> ReadStatusAsync()
    {
        Assert.Null(await ReadAsync());
        var response = await _response;
        var headers = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        return int.Parse(Assert.Single(headers.GetValues("grpc-status")), System.Globalization.CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        _names.Writer.TryComplete();
        if (_replies is not null) await _replies.DisposeAsync();
        if (_response.IsCompletedSuccessfully) (await _response).Dispose();
    }

    /// <summary>The request's body, which is written while the response is read.</summary>
    private sealed class Names : HttpContent
    {
        private readonly ChannelReader<string> _names;

        public Names(ChannelReader<string> names)
        {
            _names = names;
            Headers.ContentType = new("application/grpc");
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await foreach (var name in _names.ReadAllAsync(cancellationToken)) await GrpcMessages.WriteAsync(stream, name, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
