using AspNetSpiffe;
using Microsoft.Extensions.Primitives;
using Npgsql;

namespace Postgres;

/// <summary>Mutual TLS by SPIFFE ID for the data sources of Npgsql.</summary>
internal static class SpiffeNpgsqlExtensions
{
    /// <summary>Builds a data source that shows our SVID, and talks to a server with the expected SPIFFE ID and to nobody else.</summary>
    /// <remarks>The mode of the connection string does not count: there is no connection without TLS, and the server's SPIFFE ID is verified in place of the name of its host.</remarks>
    /// <param name="builder">What else the data source needs.</param>
    /// <param name="source">Our SVID and the bundles, which must live as long as the data source.</param>
    /// <param name="server">A pattern of the server's SPIFFE ID.</param>
    public static NpgsqlDataSource BuildSpiffeMtls(this NpgsqlDataSourceBuilder builder, X509Source source, string server)
    {
        var tls = new SpiffeTls(source, SpiffeIdPattern.Parse(server));

        // Npgsql's default, Prefer, tries again without TLS when a handshake fails; and GSS encryption would take the place of TLS.
        builder.ConnectionStringBuilder.SslMode = SslMode.Require;
        builder.ConnectionStringBuilder.GssEncryptionMode = GssEncryptionMode.Disable;
        builder.UseSslClientAuthenticationOptionsCallback(options => tls.Configure(options));

        // After a change of our SVID or of the bundles, connections in use are closed when they come back to the pool, idle ones at once: the next ones have new handshakes.
        var database = builder.Build();
        ChangeToken.OnChange(source.GetChangeToken, database.Clear);
        return database;
    }
}
