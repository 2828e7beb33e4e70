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

    /// <summary>Sets up the handshake of an endpoint that Kestrel configures; called from OnAuthenticate, after all others.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="options">What Kestrel and the application have set.</param>
    /// <param name="kestrelAsks">Whether Kestrel itself asks for the client's certificate and calls <see cref="Validate"/>.</param>
    public void Begin(BaseConnectionContext connection, SslServerAuthenticationOptions options, bool kestrelAsks)
    {
        Configure(connection, options);
        if (kestrelAsks) options.RemoteCertificateValidationCallback = null;
    }

    /// <summary>Sets up the handshake of an endpoint that we configure alone.</summary>
    public void Configure(BaseConnectionContext connection, SslServerAuthenticationOptions options)
    {
        // An application that calls the OnAuthenticate that it found may lead here twice.
        if (connection.Features.Get<ISpiffePeerFeature>() is not PeerConnection peerConnection)
            connection.Features.Set<ISpiffePeerFeature>(peerConnection = registry.Add(connection));

        options.EncryptionPolicy = EncryptionPolicy.RequireEncryption;
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
