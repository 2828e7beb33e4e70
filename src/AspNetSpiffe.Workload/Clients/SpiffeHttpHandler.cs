using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace AspNetSpiffe;

/// <summary>Makes the handler of an HTTP client whose every new connection shows our current SVID and verifies the server's.</summary>
public static class SpiffeHttpHandler
{
    // A pooled connection keeps the SVID that it was opened with; within this time a new one takes over.
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    /// <summary>Makes a handler for HTTP/1.1 and HTTP/2 over mutual TLS.</summary>
    /// <param name="source">Our SVID and the bundles.</param>
    /// <param name="expectedServer">Who must answer. There is no default: a client that calls anybody has no security.</param>
    /// <returns>
    /// A handler whose other settings are yours to change. Proxies are off: TLS inside a proxy's tunnel is not made by us, and is refused.
    /// It speaks https only, and refuses HTTP/3.
    /// </returns>
    /// <remarks>
    /// A refused server ends the request with an <see cref="HttpRequestException"/> whose inner exception is a <see cref="SpiffePeerRejectedException"/>.
    /// </remarks>
    /// <example><code>
    /// using var client = new HttpClient(SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse("spiffe://example.org/orders")));
    /// </code></example>
    public static SocketsHttpHandler Create(X509Source source, SpiffeIdPattern expectedServer)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(expectedServer);
        var tls = new SpiffeTls(source, expectedServer);
        return new SocketsHttpHandler
        {
            UseProxy = false,
            PooledConnectionLifetime = ConnectionLifetime,
            ConnectCallback = (context, cancellationToken) => ConnectAsync(tls, expectedServer, context, cancellationToken),

            // TLS that the handler makes itself (inside a proxy's tunnel, or over QUIC) knows nothing of the expected server: refuse it.
            SslOptions = new() { RemoteCertificateValidationCallback = static (_, _, _, _) => false },
        };
    }

    private static async ValueTask<Stream> ConnectAsync(
        SpiffeTls tls, SpiffeIdPattern expectedServer, SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var request = context.InitialRequestMessage;
        if (request.RequestUri?.Scheme != "https")
            throw new HttpRequestException($"A SPIFFE client speaks https only, but was asked for '{request.RequestUri}'.");

        var stream = new SslStream(await ConnectSocketAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false));
        try
        {
            await AuthenticateAsync(stream, tls, expectedServer, context, cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task AuthenticateAsync(
        SslStream stream, SpiffeTls tls, SpiffeIdPattern expectedServer, SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var result = default(VerificationResult);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = context.DnsEndPoint.Host,
            ApplicationProtocols = ProtocolsFor(context.InitialRequestMessage),
        };
        tls.Configure(options, context.DnsEndPoint, r => result = r);
        try
        {
            await stream.AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
        }
        catch (AuthenticationException e) when (result.Reason != RejectionReason.None)
        {
            throw new SpiffePeerRejectedException(result, expectedServer, e);
        }
    }

    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The stream owns the socket.")]
    private static async Task<NetworkStream> ConnectSocketAsync(DnsEndPoint server, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static List<SslApplicationProtocol> ProtocolsFor(HttpRequestMessage request) => request switch
    {
        { Version.Major: 1, VersionPolicy: not HttpVersionPolicy.RequestVersionOrHigher } => [SslApplicationProtocol.Http11],
        { Version.Major: 2, VersionPolicy: not HttpVersionPolicy.RequestVersionOrLower } => [SslApplicationProtocol.Http2],
        _ => [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
    };
}
