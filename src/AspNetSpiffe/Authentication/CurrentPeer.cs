using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>The peer as every decision sees it: a connection may outlive the SVID that opened it, and then it speaks for nobody.</summary>
internal static class CurrentPeer
{
    public static SpiffePeer? Find(HttpContext? context, TimeProvider time)
    {
        var peer = context?.GetSpiffePeer();
        return peer is not null && IsValid(peer, time) ? peer : null;
    }

    public static bool IsValid(SpiffePeer peer, TimeProvider time) => time.GetUtcNow() < peer.ValidUntil;
}
