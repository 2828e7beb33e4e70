using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;

namespace AspNetSpiffe;

/// <summary>One handshake of a Kestrel endpoint: our SVID out, their peer in.</summary>
internal sealed class Handshake(SpiffeTls tls)
{
    /// <summary>Sets up the handshake of an endpoint that Kestrel configures; called from OnAuthenticate.</summary>
    public void Begin(BaseConnectionContext connection, SslServerAuthenticationOptions options)
    {
        // The application asked for certificates by itself. Kestrel then gave a callback to the SslStream, which takes no second one; it ends in Validate.
        var kestrelAsks = options.ClientCertificateRequired && options.RemoteCertificateValidationCallback is null;

        Configure(connection, options);
        if (kestrelAsks) options.RemoteCertificateValidationCallback = null;
    }

    /// <summary>Sets up the handshake of an endpoint that we configure alone.</summary>
    public void Configure(BaseConnectionContext connection, SslServerAuthenticationOptions options)
    {
        tls.Configure(options, connection.RemoteEndPoint, Remember);
        connection.Features.Set<ISpiffePeerFeature>(new PeerConnection(connection));
    }

    public bool Validate(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var result = tls.Verify(certificate, chain, errors, PeerRole.Client);
        Remember(result);
        return result.Accepted;
    }

    private static void Remember(VerificationResult result)
    {
        if (result.Accepted) PeerConnection.Remember(result.Peer);
    }
}
