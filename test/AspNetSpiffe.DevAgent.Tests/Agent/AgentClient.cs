using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe.AgentTests;

/// <summary>Calls an agent over its socket, well or badly.</summary>
internal sealed class AgentClient : IDisposable
{
    private readonly HttpClient _http;

    public AgentClient(string address)
    {
        var path = Uri.UnescapeDataString(address["unix://".Length..]);
        _http = new(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
    }

    public async Task<AgentCall> CallAsync(string method, IMessage request, CancellationToken cancellationToken, params string[] security)
    {
        var response = await SendAsync(NewRequest($"/SpiffeWorkloadAPI/{method}", request, security), cancellationToken);
        return new(response, await response.Content.ReadAsStreamAsync(cancellationToken));
    }

    public Task<AgentCall> CallAsync(string method, IMessage request, CancellationToken cancellationToken) => CallAsync(method, request, cancellationToken, "true");

    public Task<AgentCall> WatchX509Async(CancellationToken cancellationToken) => CallAsync("FetchX509SVID", new X509SVIDRequest(), cancellationToken);

    public async Task<X509SVIDResponse> FetchX509Async(CancellationToken cancellationToken)
    {
        using var call = await WatchX509Async(cancellationToken);
        return (await call.ReadAsync(X509SVIDResponse.Parser, cancellationToken))!;
    }

    public async Task<(int Status, JWTSVIDResponse? Answer)> FetchJwtAsync(string spiffeId, string[] audiences, CancellationToken cancellationToken)
    {
        using var call = await CallAsync("FetchJWTSVID", new JWTSVIDRequest { SpiffeId = spiffeId, Audience = { audiences } }, cancellationToken);
        var answer = await call.ReadAsync(JWTSVIDResponse.Parser, cancellationToken);
        return (await call.WaitForStatusAsync(cancellationToken), answer);
    }

    public async Task<(int Status, string Message, ValidateJWTSVIDResponse? Answer)> ValidateJwtAsync(string token, string audience, CancellationToken cancellationToken)
    {
        using var call = await CallAsync("ValidateJWTSVID", new ValidateJWTSVIDRequest { Svid = token, Audience = audience }, cancellationToken);
        var answer = await call.ReadAsync(ValidateJWTSVIDResponse.Parser, cancellationToken);
        return (await call.WaitForStatusAsync(cancellationToken), call.StatusMessage, answer);
    }

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    public static HttpRequestMessage NewRequest(string path, IMessage message, params string[] security)
    {
        var frame = new byte[5 + message.CalculateSize()];
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)(frame.Length - 5));
        message.WriteTo(frame.AsSpan(5));
        return NewRequest(path, frame, security);
    }

    public static HttpRequestMessage NewRequest(string path, byte[] frame, params string[] security)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "http://localhost" + path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        request.Headers.Add("te", "trailers");
        if (security.Length > 0) request.Headers.TryAddWithoutValidation("workload.spiffe.io", security);
        return request;
    }

    public void Dispose() => _http.Dispose();
}
