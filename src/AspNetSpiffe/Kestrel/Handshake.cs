using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe;

/// <summary>One handshake of a Kestrel endpoint: our SVID out, their peer in.</summary>
internal sealed class Handshake([FromKeyedServices(Handshake.Key)] SpiffeTls tls, PeerConnectionRegistry registry)
{
    /// <summary>The key of the server's own <see cref="SpiffeTls"/> among the services: an application's may allow others.</summary>
    public const string Key = "AspNetSpiffe.Server";

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
        var peerConnection = registry.Add(connection);
        connection.Features.Set<ISpiffePeerFeature>(peerConnection);
        tls.Configure(options, connection.RemoteEndPoint, result =>
        {
            if (result.Accepted) peerConnection.Accept(result.Peer);
        });
    }

    public bool Validate(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var result = tls.Verify(certificate, chain, PeerRole.Client);
        if (result.Accepted) PeerConnection.Remember(result.Peer);
        return result.Accepted;
    }
}
