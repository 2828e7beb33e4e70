using System.Runtime.CompilerServices;
using AspNetSpiffe;
using Microsoft.AspNetCore.Mvc.Testing.Handlers;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Mvc.Testing;

/// <summary>Calls the application of a <see cref="WebApplicationFactory{TEntryPoint}"/> as any workload, without an agent: the authorities are in this process, and their SVIDs are verified as in production. Thread-safe.</summary>
public static class SpiffeWebApplicationFactoryExtensions
{
    // A factory that two tests share must start one server only.
    private static readonly ConditionalWeakTable<object, Lock> Gates = [];

    /// <summary>Creates a client with the identity of a workload. (<see cref="WebApplicationFactory{TEntryPoint}.CreateClient()"/> creates one without an identity.)</summary>
    /// <remarks>
    /// Starts the server of the factory, if it is not running, as <c>/service</c> in the caller's trust domain; use <see cref="StartServerAs"/> for another identity.
    /// With Kestrel (<c>factory.UseKestrel(0)</c>, which then uses https) each connection has a real handshake. With the test server there is none: the same verification runs for each
    /// request, with the same SVIDs, bundles and <c>AllowedPeers</c>. In both cases a caller that is not allowed to connect gets an <see cref="HttpRequestException"/>.
    /// The trust domains of caller and service are federated. The client is disposed with the factory.
    /// </remarks>
    /// <param name="factory">The factory, or one that was derived from it.</param>
    /// <param name="spiffeId">The caller, for example <c>spiffe://example.org/ns/shop/cart</c>.</param>
    /// <exception cref="FormatException"><paramref name="spiffeId"/> is not the SPIFFE ID of a workload; the message names the error and its position.</exception>
    /// <exception cref="InvalidOperationException">The server of the factory was started in another way, or its application does not use SPIFFE.</exception>
    /// <example><code>
    /// using var factory = new WebApplicationFactory&lt;Program&gt;();
    /// var client = factory.CreateClientAs("spiffe://example.org/ns/shop/cart");
    /// </code></example>
    public static HttpClient CreateClientAs<TEntryPoint>(this WebApplicationFactory<TEntryPoint> factory, string spiffeId)
        where TEntryPoint : class
    {
        ArgumentNullException.ThrowIfNull(factory);
        var caller = WorkloadId.Parse(spiffeId);
        lock (Gates.GetOrCreateValue(factory))
        {
            var agents = Start(factory, new(caller.TrustDomain, null));
            var server = ServerUnderTest.Of(factory.Services);

            // On another thread, because the synchronization context of a test may have a single thread, which waits here.
            var source = Task.Run(() => agents.SourceOfAsync(caller)).GetAwaiter().GetResult();
            return factory.CreateDefaultClient(server.AddressFor(factory.ClientOptions.BaseAddress), [.. HandlersOf(factory.ClientOptions), new CallerHandler(server.Connect(source, agents.Service))]);
        }
    }

    /// <summary>Starts the server of the factory as a workload: agents in this process issue its identity, whatever agent the application is configured for. Does nothing if it already runs as that workload.</summary>
    /// <remarks>Afterwards, <see cref="WebApplicationFactory{TEntryPoint}.CreateClient()"/> is a caller without an identity.</remarks>
    /// <param name="factory">The factory, or one that was derived from it.</param>
    /// <param name="spiffeId">The identity of the service, for example <c>spiffe://example.org/ns/shop/orders</c>.</param>
    /// <exception cref="FormatException"><paramref name="spiffeId"/> is not the SPIFFE ID of a workload; the message names the error and its position.</exception>
    /// <exception cref="InvalidOperationException">The server of the factory was started in another way, or its application does not use SPIFFE.</exception>
    public static void StartServerAs<TEntryPoint>(this WebApplicationFactory<TEntryPoint> factory, string spiffeId)
        where TEntryPoint : class
    {
        ArgumentNullException.ThrowIfNull(factory);
        var service = WorkloadId.Parse(spiffeId);
        lock (Gates.GetOrCreateValue(factory))
        {
            var agents = Start(factory, new(service.TrustDomain, service));
            if (agents.Service != service) throw new InvalidOperationException($"The server of this factory already runs as '{agents.Service}', so it cannot be started as '{service}'. Call StartServerAs first, or use another factory.");
        }
    }

    private static TestAgents Start<TEntryPoint>(WebApplicationFactory<TEntryPoint> factory, TestIdentity identity)
        where TEntryPoint : class
    {
        var isBuilt = HostBuilding.Configure(factory.StartServer, services => services.AddTestAgents(identity));
        return factory.Services.GetService<TestAgents>() ?? throw new InvalidOperationException(isBuilt
            ? "The application of this factory does not use SPIFFE. Call 'builder.WebHost.UseSpiffeMtls()', or 'builder.Services.AddSpiffeServer()', in it."
            : "The server of this factory was already started, but not by CreateClientAs or StartServerAs, so it has no agent in this process. Call one of them before CreateClient, Server and Services.");
    }

    // As CreateClient() does.
    private static IEnumerable<DelegatingHandler> HandlersOf(WebApplicationFactoryClientOptions options)
    {
        if (options.AllowAutoRedirect) yield return new RedirectHandler(options.MaxAutomaticRedirections);
        if (options.HandleCookies) yield return new CookieContainerHandler();
    }
}
