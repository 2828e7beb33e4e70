using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe;

/// <summary>Configures the handshakes of Kestrel endpoints, in the mode of the endpoint.</summary>
/// <remarks>Resolves its services at the first handshake: endpoints are created when a host is built, and a host that is never started needs no identity and no settings.</remarks>
internal sealed class Handshake(IServiceProvider services)
{
    /// <summary>The service key of the server's own <see cref="SpiffeTls"/>, because that of an application may allow other peers.</summary>
    public const string Key = "AspNetSpiffe.Server";

    private readonly Lazy<X509Source> _source = new(services.GetRequiredService<X509Source>);
    private readonly Lazy<SpiffeTls> _tls = new(() => services.GetRequiredKeyedService<SpiffeTls>(Key));
    private readonly Lazy<AllowedPeers> _allowed = new(services.GetRequiredService<AllowedPeers>);
    private readonly Lazy<PeerConnectionRegistry> _registry = new(services.GetRequiredService<PeerConnectionRegistry>);

    /// <summary>Gets our current certificate, if there is one.</summary>
    public X509Certificate2? Leaf => _source.Value.Current?.DefaultSvid.Leaf;

    /// <summary>Configures a handshake of an endpoint with Kestrel's https options; called from OnAuthenticate, after the application's callbacks.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="options">The options as set by Kestrel and the application.</param>
    /// <param name="mode">The mode of the endpoint.</param>
    /// <param name="kestrelAsks">Whether Kestrel itself requests the client's certificate and calls <see cref="Validate"/>.</param>
    public void Begin(BaseConnectionContext connection, SslServerAuthenticationOptions options, SpiffeServerMode mode, bool kestrelAsks)
    {
        Configure(connection, options, mode, knowsConnection: !kestrelAsks);
        if (kestrelAsks) options.RemoteCertificateValidationCallback = null;
    }

    /// <summary>Configures a handshake of an endpoint without Kestrel's https options.</summary>
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
        // Called twice if an application's OnAuthenticate calls the previous one.
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
