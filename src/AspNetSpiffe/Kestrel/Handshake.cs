using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe;

/// <summary>One handshake of a Kestrel endpoint, in the mode of the endpoint: mostly our SVID out, their peer in.</summary>
/// <remarks>Asks for what it needs at the first handshake: endpoints are made when a host is built, and one that is never started needs no identity and no settings.</remarks>
internal sealed class Handshake(IServiceProvider services)
{
    /// <summary>The key of the server's own <see cref="SpiffeTls"/> among the services: an application's may allow others.</summary>
    public const string Key = "AspNetSpiffe.Server";

    private readonly Lazy<X509Source> _source = new(services.GetRequiredService<X509Source>);
    private readonly Lazy<SpiffeTls> _tls = new(() => services.GetRequiredKeyedService<SpiffeTls>(Key));
    private readonly Lazy<AllowedPeers> _allowed = new(services.GetRequiredService<AllowedPeers>);
    private readonly Lazy<PeerConnectionRegistry> _registry = new(services.GetRequiredService<PeerConnectionRegistry>);

    /// <summary>Gets our certificate of the moment, if there is one.</summary>
    public X509Certificate2? Leaf => _source.Value.Current?.DefaultSvid.Leaf;

    /// <summary>Sets up the handshake of an endpoint that Kestrel configures; called from OnAuthenticate, after all others.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="options">What Kestrel and the application have set.</param>
    /// <param name="mode">The mode of the endpoint.</param>
    /// <param name="kestrelAsks">Whether Kestrel itself asks for the client's certificate and calls <see cref="Validate"/>.</param>
    public void Begin(BaseConnectionContext connection, SslServerAuthenticationOptions options, SpiffeServerMode mode, bool kestrelAsks)
    {
        Configure(connection, options, mode, knowsConnection: !kestrelAsks);
        if (kestrelAsks) options.RemoteCertificateValidationCallback = null;
    }

    /// <summary>Sets up the handshake of an endpoint that we configure alone.</summary>
    public void Configure(BaseConnectionContext connection, SslServerAuthenticationOptions options, SpiffeServerMode mode) =>
        Configure(connection, options, mode, knowsConnection: true);

    public bool Validate(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var result = _tls.Value.Verify(certificate, chain, PeerRole.Client);
        if (result.Accepted) PeerConnection.Remember(result.Peer);
        return result.Accepted;
    }

    private void Configure(BaseConnectionContext connection, SslServerAuthenticationOptions options, SpiffeServerMode mode, bool knowsConnection)
    {
        // An application that calls the OnAuthenticate that it found may lead here twice.
        if (connection.Features.Get<ISpiffePeerFeature>() is not PeerConnection peerConnection)
            connection.Features.Set<ISpiffePeerFeature>(peerConnection = _registry.Value.Add(connection));

        peerConnection.MayBeAnonymous = mode.AdmitsAnonymous();
        options.EncryptionPolicy = EncryptionPolicy.RequireEncryption;
        if (mode == SpiffeServerMode.Mutual && knowsConnection && connection is ConnectionContext && _allowed.Value.Options.AllowTlsResume)
            _tls.Value.ConfigureResumable(options, connection.RemoteEndPoint, Take);
        else
            _tls.Value.Configure(options, mode, connection.RemoteEndPoint, Take);

        void Take(VerificationResult result)
        {
            if (result.Accepted) peerConnection.Accept(result.Peer);
        }
    }
}
