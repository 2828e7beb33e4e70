using System.Collections.Immutable;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.Cli.Requests;

/// <summary>The connection of a request, with the library's TLS, and the certificates that the server presented, valid or not.</summary>
internal sealed class ServerConnection(X509Source source, SpiffeIdPattern expected)
{
    private readonly SpiffeTls _tls = new(source, expected);

    /// <summary>Gets the server's certificates, the leaf first; none before the handshake.</summary>
    public ImmutableArray<X509Certificate2> Presented { get; private set; } = [];

    /// <summary>Gets the result of the verification; null before the handshake.</summary>
    public VerificationResult? Verdict { get; private set; }

    /// <summary>Connects and performs the TLS handshake; for <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        SslStream? stream = null;
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            stream = new(new NetworkStream(socket, ownsSocket: true));
            await stream.AuthenticateAsClientAsync(CreateOptions(context), cancellationToken);
            return stream;
        }
        catch
        {
            stream?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    private SslClientAuthenticationOptions CreateOptions(SocketsHttpConnectionContext context)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = context.DnsEndPoint.Host, ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11] };
        _tls.Configure(options, context.DnsEndPoint, verdict => Verdict = verdict);

        // Observes only: the library decides.
        var verify = options.RemoteCertificateValidationCallback!;
        options.RemoteCertificateValidationCallback = (sender, certificate, chain, errors) =>
        {
            Presented = Copy(certificate, chain);
            return verify(sender, certificate, chain, errors);
        };
        return options;
    }

    // SslStream disposes its certificates after the handshake. The leaf of a server is also among the others.
    private static ImmutableArray<X509Certificate2> Copy(X509Certificate? leaf, X509Chain? chain) => leaf is null
        ? []
        : [.. (chain?.ChainPolicy.ExtraStore ?? []).Select(static other => other.RawData).Where(raw => !raw.AsSpan().SequenceEqual(leaf.GetRawCertData())).Prepend(leaf.GetRawCertData()).Select(static raw => X509CertificateLoader.LoadCertificate(raw))];
}
