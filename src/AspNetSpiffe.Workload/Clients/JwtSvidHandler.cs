using System.Net.Http.Headers;

namespace AspNetSpiffe;

/// <summary>Adds our JWT-SVID to each request without an <c>Authorization</c> header (JWT-SVID §5.2).</summary>
/// <remarks>
/// Over https and wss only, unless the options allow http. The token is sent to the first server only: it is not sent after a redirect, and it is removed from the request after the
/// request was sent. Without a token nothing is sent: the request fails with an <see cref="HttpRequestException"/>. Thread-safe.
/// </remarks>
/// <example><code>
/// using var client = new HttpClient(new JwtSvidHandler(source, "orders") { InnerHandler = new SocketsHttpHandler() });
/// </code>
/// With gRPC the token is sent as the metadata <c>authorization</c>:
/// <code>
/// using var channel = GrpcChannel.ForAddress("https://greeter:8443", new GrpcChannelOptions
/// {
///     HttpHandler = new JwtSvidHandler(jwtSource, "greeter") { InnerHandler = SpiffeHttpHandler.Create(x509Source, greeter) },
/// });
/// </code></example>
public sealed class JwtSvidHandler : DelegatingHandler
{
    private static readonly HttpRequestOptionsKey<string> RedirectedTo = new("AspNetSpiffe.RedirectedTo");

    private readonly JwtSource _source;
    private readonly string _audience;
    private readonly SpiffeId? _identity;
    private readonly bool _allowInsecureHttp;

    /// <summary>Creates a handler. Set its <see cref="DelegatingHandler.InnerHandler"/>, unless the factory of <see cref="HttpClient"/> does.</summary>
    /// <param name="source">The source of the tokens.</param>
    /// <param name="audience">The audience that the server accepts.</param>
    /// <param name="options">The identity of the token, and whether plain http is allowed.</param>
    public JwtSvidHandler(JwtSource source, string audience, JwtSvidHandlerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentException.ThrowIfNullOrEmpty(audience);
        (_source, _audience) = (source, audience);
        (_identity, _allowInsecureHttp) = (options?.Identity, options?.AllowInsecureHttp ?? false);
    }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var address = OriginOf(request);
        if (request.Headers.NonValidated.Contains("Authorization") || WasRedirectedTo(address, request))
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);

        var token = await FetchAsync(request, cancellationToken).ConfigureAwait(false);
        request.Headers.Authorization = token;
        try
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Code that logs the request or sends it again must not get the token.
            if (ReferenceEquals(request.Headers.Authorization, token)) request.Headers.Authorization = null;
            if (OriginOf(request) is { } end && end != address) request.Options.Set(RedirectedTo, end);
        }
    }

    /// <summary>Not supported: tokens are fetched asynchronously.</summary>
    /// <exception cref="NotSupportedException">Always: nothing is sent without a token.</exception>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        throw new NotSupportedException("A client with a JWT-SVID supports asynchronous calls only: use SendAsync.");

    private async ValueTask<AuthenticationHeaderValue> FetchAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!_allowInsecureHttp && request.RequestUri?.Scheme is not ("https" or "wss"))
            throw new HttpRequestException(
                $"The request to '{OriginOf(request)}' was not sent: a JWT-SVID is sent over https (or wss) only, because anyone who reads it can use it. Call an https address, or set AllowInsecureHttp.");

        try
        {
            return new("Bearer", (await _source.GetAsync(_audience, _identity, cancellationToken).ConfigureAwait(false)).Token);
        }
        catch (Exception e) when (e is WorkloadApiException or FormatException)
        {
            throw new HttpRequestException($"The request to '{OriginOf(request)}' was not sent: there is no JWT-SVID for the audience {SpiffeIdProblem.Quote(_audience)}. {e.Message}", e);
        }
    }

    // An inner handler that follows a redirect changes the address of the request: when an outer handler retries it, it goes to an address that the server chose.
    private static bool WasRedirectedTo(string? address, HttpRequestMessage request) => request.Options.TryGetValue(RedirectedTo, out var end) && end == address;

    private static string? OriginOf(HttpRequestMessage request) =>
        request.RequestUri is { IsAbsoluteUri: true } address ? $"{address.Scheme}://{address.Authority}" : null;
}
