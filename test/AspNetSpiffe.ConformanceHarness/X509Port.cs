using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace AspNetSpiffe.ConformanceHarness;

/// <summary>The X.509 port: a server as a user writes it, which admits every verified peer and tells it its ID.</summary>
internal sealed class X509Port : IAsyncDisposable
{
    // The contract wants the number before there is an identity, but the library listens only with one. Until then connections are refused.
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly WebApplication _server;

    public X509Port()
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        var builder = Loopback.CreateBuilder();
        builder.Services.AddSpiffe(options => options.StartupTimeout = Timeout.InfiniteTimeSpan);
        builder.Services.AddSpiffeServer().Configure<SpiffeServerOptions>(options => options.AllowedPeers = [$"{SpiffeIdPattern.Any}"]);
        builder.Services.Configure<SocketTransportOptions>(options => options.CreateBoundListenSocket = _ => _socket);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen((IPEndPoint)_socket.LocalEndPoint!, listen =>
        {
            listen.UseSpiffe();
            listen.UseConnectionHandler<PeerIdHandler>();
        }));
        _server = builder.Build();
    }

    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>Gets the library's source, which knows the agent from the environment alone.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">The environment names no agent.</exception>
    public X509Source Source => _server.Services.GetRequiredService<X509Source>();

    /// <summary>Gets the library's keys of tokens. It asks the agent for them from the first use on.</summary>
    public JwtBundleSource Bundles => _server.Services.GetRequiredService<JwtBundleSource>();

    /// <summary>Listens as soon as there is an SVID, until the harness stops.</summary>
    public async Task ServeAsync(CancellationToken stopping)
    {
        try
        {
            await _server.StartAsync(stopping);
            await _server.WaitForShutdownAsync(stopping);
        }
        catch (InvalidOperationException)
        {
            // The agent refused for good. The library has logged it; what it does not recover from, the harness must not.
        }
        catch (OperationCanceledException)
        {
            // SIGTERM came before the first SVID.
        }
    }

    /// <summary>Waits until the port listens, or the patience or the harness ends.</summary>
    public async Task WaitForFirstSvidAsync(TimeSpan patience, CancellationToken stopping)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_server.Lifetime.ApplicationStarted, stopping);
        await Task.Delay(patience, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _socket.Dispose();
    }
}
