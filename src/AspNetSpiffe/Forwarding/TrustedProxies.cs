using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>The peers that may forward certificates, identified by the connection itself, because middleware may have changed the addresses of a request.</summary>
internal sealed class TrustedProxies
{
    public const string Loopback = "loopback";
    public const string Unix = "unix";

    private readonly bool _loopback;
    private readonly bool _unix;
    private readonly SpiffeIdPattern _peers;

    private TrustedProxies(bool loopback, bool unix, SpiffeIdPattern peers) => (_loopback, _unix, _peers) = (loopback, unix, peers);

    /// <exception cref="FormatException">An entry is neither a pattern nor <c>loopback</c> or <c>unix</c>.</exception>
    public static TrustedProxies Of(IReadOnlyCollection<string> entries)
    {
        string[] patterns = [.. entries.Where(entry => entry is not (Loopback or Unix))];
        return new(entries.Contains(Loopback), entries.Contains(Unix), patterns is [] ? SpiffeIdPattern.None : SpiffeIdPattern.Parse(string.Join(',', patterns)));
    }

    public bool Include(HttpContext context, DateTimeOffset now)
    {
        if (context.GetSpiffePeer() is { } peer && now < peer.ValidUntil && _peers.Matches(peer.Id)) return true;
        return (_loopback || _unix) && context.Features.Get<IConnectionSocketFeature>() is { Socket: { } socket } && IsLocal(socket);
    }

    private bool IsLocal(Socket socket)
    {
        try
        {
            return (_loopback && socket.RemoteEndPoint is IPEndPoint remote && IPAddress.IsLoopback(remote.Address)) || (_unix && socket.LocalEndPoint is UnixDomainSocketEndPoint);
        }
        catch (ObjectDisposedException)
        {
            // The proxy has closed the connection.
            return false;
        }
    }
}
