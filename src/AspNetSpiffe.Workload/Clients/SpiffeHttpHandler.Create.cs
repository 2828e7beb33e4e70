using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

public sealed partial class SpiffeHttpHandler
{
    /// <summary>Creates a handler for HTTP/1.1 and HTTP/2 over mutual TLS.</summary>
    /// <param name="source">Our SVID and the bundles.</param>
    /// <param name="expectedServer">The expected server: its SPIFFE ID or a pattern. There is no default: a client that accepts any server is not protected.</param>
    /// <param name="configure">
    /// Changes the other settings of the connections; called once. The settings are kept when our SVID is renewed. In <see cref="SocketsHttpHandler.SslOptions"/>, settings that
    /// concern certificates or the HTTP protocols are rejected. The stream of a <see cref="SocketsHttpHandler.ConnectCallback"/> is used as the plain connection,
    /// whatever its type: mutual TLS with the expected server runs over it. A <see cref="SocketsHttpHandler.PlaintextStreamFilter"/> is applied above TLS. Proxies are off, including those
    /// of environment variables, unless it sets <see cref="SocketsHttpHandler.UseProxy"/>: then the same mutual TLS runs through the
    /// tunnel of a proxy whose address begins with <c>http</c>, <c>socks4</c>, <c>socks4a</c> or <c>socks5</c>. One with <c>https</c> is rejected.
    /// </param>
    /// <exception cref="InvalidOperationException"><paramref name="configure"/> made a setting that would have no effect; the message says what to do instead.</exception>
    /// <example><code>
    /// using var client = new HttpClient(SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse("spiffe://example.org/orders")));
    /// </code></example>
    public static SpiffeHttpHandler Create(X509Source source, SpiffeIdPattern expectedServer, Action<SocketsHttpHandler>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(expectedServer);
        return CreateFrom(ClientTls.Mutual(source, expectedServer), new() { UseProxy = false }, configure);
    }

    /// <summary>Creates a handler that presents no certificate and verifies the server by its SVID: only trust bundles are needed. TLS does not authenticate the client to the server.</summary>
    /// <param name="bundles">The trust bundles. Our SVID is never presented, even if this process has one.</param>
    /// <param name="expectedServer">The expected server: its SPIFFE ID or a pattern.</param>
    /// <param name="configure">Changes the other settings of the connections, as for <see cref="Create"/>.</param>
    /// <exception cref="InvalidOperationException"><paramref name="configure"/> made a setting that would have no effect; the message says what to do instead.</exception>
    public static SpiffeHttpHandler CreateTls(X509BundleSource bundles, SpiffeIdPattern expectedServer, Action<SocketsHttpHandler>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(bundles);
        ArgumentNullException.ThrowIfNull(expectedServer);
        return CreateFrom(ClientTls.WithoutSvid(bundles, expectedServer), new() { UseProxy = false }, configure);
    }

    /// <summary>Creates a handler that presents our SVID to servers with a Web PKI certificate, which is verified by its host name. No SPIFFE ID of the server is verified.</summary>
    /// <remarks>
    /// The host name is that of the request's URL, or <see cref="SslClientAuthenticationOptions.TargetHost"/> if <paramref name="configure"/> sets it. Nothing is downloaded for a
    /// certificate: neither missing intermediates, which the server must send, nor revocation data. An open connection is not closed when a certificate expires:
    /// the server's certificate is verified in the handshake only. When a server is rejected, the request fails with an <see cref="HttpRequestException"/>.
    /// </remarks>
    /// <param name="source">Our SVID.</param>
    /// <param name="roots">The only trusted roots for the server; <see langword="null"/> means the roots that this system trusts.</param>
    /// <param name="configure">Changes the other settings of the connections, as for <see cref="Create"/>.</param>
    /// <exception cref="ArgumentException">There are no roots in <paramref name="roots"/>.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="configure"/> made a setting that would have no effect; the message says what to do instead.</exception>
    public static SpiffeHttpHandler CreateMtlsToWeb(X509Source source, X509Certificate2Collection? roots = null, Action<SocketsHttpHandler>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        return CreateFrom(ClientTls.ToWeb(source, roots), new() { UseProxy = false }, configure);
    }

    /// <summary>Creates a handler for mutual TLS with the settings of another, for libraries that create a <see cref="SocketsHttpHandler"/> themselves and let it be wrapped.</summary>
    /// <param name="source">Our SVID and the bundles.</param>
    /// <param name="expectedServer">The expected server.</param>
    /// <param name="settings">
    /// The settings of the connections, validated and kept as for <see cref="Create"/>. The new handler owns it, and it sends no requests itself. Without a
    /// <see cref="SocketsHttpHandler.Proxy"/> in it, proxies are off.
    /// </param>
    /// <exception cref="InvalidOperationException"><paramref name="settings"/> contain a setting that would have no effect; the message says what to do instead.</exception>
    public static SpiffeHttpHandler CreateFrom(X509Source source, SpiffeIdPattern expectedServer, SocketsHttpHandler settings)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(expectedServer);
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Proxy is null) settings.UseProxy = false;
        return CreateFrom(ClientTls.Mutual(source, expectedServer), settings, null);
    }

    /// <summary>Creates a handler that keeps the settings of another.</summary>
    internal static SpiffeHttpHandler CreateFrom(ClientTls tls, SocketsHttpHandler chosen, Action<SocketsHttpHandler>? configure) =>
        new(tls, new(chosen, configure, tls.Mode));
}
