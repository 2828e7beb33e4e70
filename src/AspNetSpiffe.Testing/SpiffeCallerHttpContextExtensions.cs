using AspNetSpiffe;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Http;

/// <summary>Sets the caller of an <see cref="HttpContext"/> in a unit test.</summary>
public static class SpiffeCallerHttpContextExtensions
{
    /// <summary>Sets a workload as the verified peer and the user of a context: <c>GetSpiffeId()</c>, <c>GetSpiffePeer()</c>, <c>User</c> and <see cref="SpiffeCaller"/> then return it.</summary>
    /// <remarks>Its SVID is issued and verified in this process, and the authentication handler creates the user from it.</remarks>
    /// <param name="context">A context created by the test, such as a <see cref="DefaultHttpContext"/>.</param>
    /// <param name="spiffeId">The caller, for example <c>spiffe://example.org/ns/shop/cart</c>.</param>
    /// <returns>The same context.</returns>
    /// <exception cref="FormatException"><paramref name="spiffeId"/> is not the SPIFFE ID of a workload; the message names the error and its position.</exception>
    /// <exception cref="InvalidOperationException">The context belongs to a running server that is not a test server.</exception>
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

    // A server sets the services of its host in each request, and a host has one server.
    private static void ThrowIfServed(HttpContext context)
    {
        if (context.RequestServices?.GetService<IServer>() is { } server and not TestServer)
        {
            throw new InvalidOperationException(
                $"WithSpiffeCaller is for unit tests, and this context belongs to a running server ({server.GetType().Name}), where callers are verified in TLS handshakes. " +
                "In a test of a whole application, call 'factory.CreateClientAs(…)'.");
        }
    }
}
