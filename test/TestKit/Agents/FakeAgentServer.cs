using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.TestKit;

/// <summary>Kestrel without a host: HTTP/2 without TLS on one Unix socket, or on a free TCP port.</summary>
internal sealed class FakeAgentServer : IHttpApplication<HttpContext>, IAsyncDisposable
{
    private readonly Func<HttpContext, Task> _answer;
    private readonly KestrelServer _kestrel;

    public FakeAgentServer(string? socketPath, Func<HttpContext, Task> answer)
    {
        _answer = answer;
        var options = new KestrelServerOptions();
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        if (socketPath is null) options.Listen(IPAddress.Loopback, 0, Configure);
        else options.ListenUnixSocket(socketPath, Configure);
        _kestrel = new(Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance), NullLoggerFactory.Instance);
    }

    /// <summary>Gets the host and the port, when it listens on TCP.</summary>
    public string Authority => _kestrel.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()["http://".Length..];

    public Task StartAsync() => _kestrel.StartAsync(this, CancellationToken.None);

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public Task ProcessRequestAsync(HttpContext context) => _answer(context);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    public async ValueTask DisposeAsync()
    {
        // Without a graceful shutdown.
        await _kestrel.StopAsync(new CancellationToken(canceled: true));
        _kestrel.Dispose();
    }

    private static void Configure(ListenOptions listen) => listen.Protocols = HttpProtocols.Http2;
}
