using System.Diagnostics;
using AspNetSpiffe;
using Yarp.ReverseProxy.Forwarder;

namespace Mesh.Service.Egress;

/// <summary>HTTP clients, one per called service: through the router, with the service's name as SNI, and to its SPIFFE ID only.</summary>
internal sealed class EgressClients(X509Source source, ServiceOptions options) : IDisposable
{
    // Each keeps its connections. Names are arbitrary, so above this number the client that was idle longest is removed.
    private const int MostKept = 100;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Client> _clients = new(StringComparer.Ordinal);
    private long _uses;

    /// <summary>Gets the current number of clients.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _clients.Count;
        }
    }

    /// <summary>Calls a service. The whole response must be read when <paramref name="call"/> ends.</summary>
    public async Task<T> UseAsync<T>(Destination destination, Func<HttpMessageInvoker, Task<T>> call)
    {
        var client = Rent(destination);
        try
        {
            return await call(client.Invoker);
        }
        finally
        {
            lock (_lock) client.Users--;
        }
    }

    public void Dispose()
    {
        lock (_lock)
            foreach (var client in _clients.Values)
                client.Invoker.Dispose();
    }

    private Client Rent(Destination destination)
    {
        lock (_lock)
        {
            if (!_clients.TryGetValue(destination.Name, out var client))
            {
                if (_clients.Count >= MostKept) RemoveIdle();
                _clients.Add(destination.Name, client = new(new HttpMessageInvoker(CreateHandler(destination))));
            }

            client.Users++;
            client.LastUse = ++_uses;
            return client;
        }
    }

    private void RemoveIdle()
    {
        var idle = _clients.Where(static client => client.Value.Users == 0).OrderBy(static client => client.Value.LastUse).Take(1).ToArray();
        foreach (var (name, client) in idle)
        {
            _clients.Remove(name);
            client.Invoker.Dispose();
        }
    }

    // The settings that YARP recommends for a forwarder; the SNI is the host of the request's URL.
    private SpiffeHttpHandler CreateHandler(Destination destination) => SpiffeHttpHandler.Create(source, destination.Expected, handler =>
    {
        handler.AllowAutoRedirect = false;
        handler.UseCookies = false;
        handler.EnableMultipleHttp2Connections = true;
        handler.ConnectTimeout = ConnectTimeout;
        handler.ActivityHeadersPropagator = new ReverseProxyPropagator(DistributedContextPropagator.Current);
        handler.ConnectCallback = (_, cancellationToken) => MeshAddress.ConnectAsync(options.Router, cancellationToken);
    });

    private sealed class Client(HttpMessageInvoker invoker)
    {
        public HttpMessageInvoker Invoker { get; } = invoker;

        public int Users { get; set; }

        public long LastUse { get; set; }
    }
}
