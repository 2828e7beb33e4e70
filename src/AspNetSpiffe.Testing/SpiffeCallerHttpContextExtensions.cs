using AspNetSpiffe;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Http;

/// <summary>Gives an <see cref="HttpContext"/> of a unit test a caller.</summary>
public static class SpiffeCallerHttpContextExtensions
{
    /// <summary>Makes a workload the verified peer and the user of a context: <c>GetSpiffeId()</c>, <c>GetSpiffePeer()</c>, <c>User</c> and <see cref="SpiffeCaller"/> then mean it.</summary>
    /// <remarks>Its SVID is issued and verified in this process, and the authentication handler makes the user of it.</remarks>
    /// <param name="context">A context of the test's own, such as a <see cref="DefaultHttpContext"/>.</param>
    /// <param name="spiffeId">Who calls, for example <c>spiffe://example.org/ns/shop/cart</c>.</param>
    /// <returns>The same context.</returns>
    /// <exception cref="FormatException"><paramref name="spiffeId"/> is no SPIFFE ID of a workload; the message names the mistake and its position.</exception>
    /// <exception cref="InvalidOperationException">The context belongs to a running server that is no test server.</exception>
    /// <example><code>
    /// var context = new DefaultHttpContext().WithSpiffeCaller("spiffe://example.org/ns/shop/cart");
    /// </code></example>
    public static HttpContext WithSpiffeCaller(this HttpContext context, string spiffeId)
    {
        ArgumentNullException.ThrowIfNull(context);
        var id = WorkloadId.Parse(spiffeId);
        ThrowIfServed(context);

        var peer = UnitTestPeers.Issue(id);
        context.Features.Set<ISpiffePeerFeature>(new VerifiedPeer(peer));
        context.Connection.ClientCertificate = peer.Leaf;
        context.User = UnitTestPeers.Authenticate(peer);
        return context;
    }

    // A server puts the services of its host into each request, and a host has one server.
    private static void ThrowIfServed(HttpContext context)
    {
        if (context.RequestServices?.GetService<IServer>() is { } server and not TestServer)
        {
            throw new InvalidOperationException(
                $"WithSpiffeCaller is for unit tests, and this context belongs to a running server ({server.GetType().Name}), where callers are whom its handshakes verify. " +
                "In a test of a whole application, call 'factory.CreateClientAs(…)'.");
        }
    }
}
