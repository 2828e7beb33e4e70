using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.Tests;

/// <summary>Requests without a server, for what is called directly.</summary>
internal static class Requests
{
    public static DefaultHttpContext From(SpiffePeer? peer)
    {
        var http = new DefaultHttpContext();
        http.Features.Set<ISpiffePeerFeature>(new Connection(peer));
        return http;
    }

    private sealed record Connection(SpiffePeer? Peer) : ISpiffePeerFeature;
}
