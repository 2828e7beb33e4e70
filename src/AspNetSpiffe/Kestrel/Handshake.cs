using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;

namespace AspNetSpiffe;

/// <summary>One handshake of a Kestrel endpoint: our SVID out, their peer in.</summary>
internal sealed class Handshake(SpiffeTls tls)
{
    // For the log only: Kestrel tells its validation callback nothing of the connection.
    private static readonly AsyncLocal<EndPoint?> Remote = new();

    /// <summary>Sets up the handshake of an endpoint that Kestrel configures; called from OnAuthenticate.</summary>
    public void Begin(ConnectionContext connection, SslServerAuthenticationOptions options)
    {
        // Kestrel then gave its own callback to the SslStream already, which does not take a second one; it ends in Validate.
        var kestrelAsks = options.ClientCertificateRequired && options.RemoteCertificateValidationCallback is null;

        Configure(connection, options);
        if (!kestrelAsks) return;
        options.RemoteCertificateValidationCallback = null;
        Remote.Value = connection.RemoteEndPoint;
    }

    /// <summary>Sets up the handshake of an endpoint that we configure alone.</summary>
    public void Configure(BaseConnectionContext connection, SslServerAuthenticationOptions options)
    {
        tls.Configure(options, connection.RemoteEndPoint, Remember);
        connection.Features.Set<ISpiffePeerFeature>(new PeerConnection(connection));
    }

    public bool Validate(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var result = tls.Verify(certificate, chain, errors, PeerRole.Client, Remote.Value);
        Remember(result);
        return result.Accepted;
    }

    private static void Remember(VerificationResult result)
    {
        if (result.Accepted) PeerConnection.Remember(result.Peer);
    }
}
