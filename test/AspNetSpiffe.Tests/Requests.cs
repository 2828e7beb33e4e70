using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.Tests;

/// <summary>Requests without a server, for what is called directly.</summary>
internal static class Requests
{
    public static DefaultHttpContext From(SpiffePeer? peer, IServiceProvider? services = null)
    {
        var http = new DefaultHttpContext { RequestServices = services! };
        http.Features.Set<ISpiffePeerFeature>(new Connection(peer));
        return http;
    }

    private sealed record Connection(SpiffePeer? Peer) : ISpiffePeerFeature;
}
