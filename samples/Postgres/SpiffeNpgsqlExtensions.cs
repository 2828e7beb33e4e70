using AspNetSpiffe;
using Microsoft.Extensions.Primitives;
using Npgsql;

namespace Postgres;

/// <summary>Mutual TLS by SPIFFE ID for the data sources of Npgsql.</summary>
internal static class SpiffeNpgsqlExtensions
{
    /// <summary>Builds a data source that presents our SVID and connects only to a server with the expected SPIFFE ID.</summary>
    /// <remarks>The SSL mode of the connection string is ignored: there is no connection without TLS, and the server's SPIFFE ID is verified instead of its host name.</remarks>
    /// <param name="builder">The builder with the other settings.</param>
    /// <param name="source">Our SVID and the bundles, which must live as long as the data source.</param>
    /// <param name="server">A pattern of the server's SPIFFE ID.</param>
    public static NpgsqlDataSource BuildSpiffeMtls(this NpgsqlDataSourceBuilder builder, X509Source source, string server)
    {
        var tls = new SpiffeTls(source, SpiffeIdPattern.Parse(server));

        // Npgsql's default, Prefer, retries without TLS when a handshake fails; and GSS encryption would replace TLS.
        builder.ConnectionStringBuilder.SslMode = SslMode.Require;
        builder.ConnectionStringBuilder.GssEncryptionMode = GssEncryptionMode.Disable;
        builder.UseSslClientAuthenticationOptionsCallback(options => tls.Configure(options));

        // After a change of our SVID or the bundles, idle connections are closed at once, and connections in use when they return to the pool: the next ones have new handshakes.
        var database = builder.Build();
        ChangeToken.OnChange(source.GetChangeToken, database.Clear);
        return database;
    }
}
