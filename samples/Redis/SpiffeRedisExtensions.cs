using System.Net.Security;
using AspNetSpiffe;
using StackExchange.Redis;

namespace Redis;

/// <summary>Mutual TLS by SPIFFE ID for the connections of StackExchange.Redis.</summary>
internal static class SpiffeRedisExtensions
{
    /// <summary>Connects with our SVID, only to a server with the expected SPIFFE ID; each reconnect presents the current SVID.</summary>
    /// <remarks>There is no connection without TLS, and the server's SPIFFE ID is verified instead of its host name.</remarks>
    /// <param name="options">The other settings of the connection; not changed.</param>
    /// <param name="source">Our SVID and the bundles, which must live as long as the connection.</param>
    /// <param name="server">A pattern of the server's SPIFFE ID.</param>
    public static Task<ConnectionMultiplexer> ConnectSpiffeMtlsAsync(this ConfigurationOptions options, X509Source source, string server)
    {
        var tls = new SpiffeTls(source, SpiffeIdPattern.Parse(server));
        var ours = options.Clone();

        // Without it, the TLS options below are ignored.
        ours.Ssl = true;
        ours.SslClientAuthenticationOptions = host =>
        {
            var handshake = new SslClientAuthenticationOptions { TargetHost = host };
            tls.Configure(handshake);
            return handshake;
        };
        return ConnectionMultiplexer.ConnectAsync(ours);
    }
}
