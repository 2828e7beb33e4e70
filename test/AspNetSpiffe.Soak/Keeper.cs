using System.Net.Security;

namespace AspNetSpiffe.Soak;

/// <summary>A client of the framework alone that keeps its one busy connection, whatever becomes of the SVID that it has shown, until the server asks it to leave.</summary>
/// <remarks>Its SVIDs are short-lived, and renewed at half of that, as an agent does: so each connection is kept past a renewal.</remarks>
internal sealed class Keeper(DevCertificateAuthority authority, SpiffeId id, Uri server) : IDisposable
{
    public static TimeSpan SvidLifetime { get; } = TimeSpan.FromSeconds(20);

    private readonly Lock _opening = new();
    private HttpClient? _connection;
    private SslStreamCertificateContext? _newest;
    private DateTimeOffset _renewal;

    /// <summary>How many connections there were, one after the other.</summary>
    public int Connections { get; private set; }

    /// <summary>Asks over the connection that there is, and opens one with the newest SVID where the server has closed it.</summary>
    public async Task<T> AskAsync<T>(Func<HttpClient, Task<T>> ask)
    {
        for (HttpClient? left = null; ;)
        {
            var connection = Connection(left);
            try
            {
                return await ask(connection);
            }
            catch (HttpRequestException e) when (e.InnerException is Gone)
            {
                // Nothing was sent.
                left = connection;
            }
        }
    }

    public void Dispose() => _connection?.Dispose();

    private HttpClient Connection(HttpClient? left)
    {
        lock (_opening)
        {
            if (_connection is null || _connection == left)
            {
                Connections++;
                _connection = Open(Newest());
            }

            return _connection;
        }
    }

    // What was left is not disposed of: answers may still be on their way.
    private HttpClient Open(SslStreamCertificateContext svid)
    {
        var opened = 0;
        return new(new SocketsHttpHandler
        {
            MaxConnectionsPerServer = 1,
            SslOptions = { ClientCertificateContext = svid, RemoteCertificateValidationCallback = static (_, _, _, _) => true },
            ConnectCallback = async (context, cancellationToken) =>
            {
                if (Interlocked.Increment(ref opened) > 1) throw new Gone();
                return await RawConnection.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken);
            },
        })
        { BaseAddress = server };
    }

    private SslStreamCertificateContext Newest()
    {
        if (_newest is not null && DateTimeOffset.UtcNow < _renewal) return _newest;
        _renewal = DateTimeOffset.UtcNow + (SvidLifetime / 2);
        return _newest = SslStreamCertificateContext.Create(authority.IssueX509Svid(id, SvidLifetime), [authority.Intermediate], offline: true);
    }

    /// <summary>The server has closed the connection: the next one needs the newest SVID.</summary>
    private sealed class Gone() : Exception("The connection was left.");
}
