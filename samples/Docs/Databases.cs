using System.Net.Security;
using AspNetSpiffe;

namespace Docs;

/// <summary>docs/how-to/databases.md</summary>
internal static class Databases
{
    public static async Task<string> AskAsync(X509Source source, Stream connection, CancellationToken cancellationToken)
    {
        // <ssl>
        var tls = new SpiffeTls(source, SpiffeIdPattern.Parse("spiffe://example.org/database"));
        var options = new SslClientAuthenticationOptions { TargetHost = "database" };
        tls.Configure(options);
        await using var stream = new SslStream(connection);
        await stream.AuthenticateAsClientAsync(options, cancellationToken);
        // </ssl>
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(cancellationToken);
    }
}
