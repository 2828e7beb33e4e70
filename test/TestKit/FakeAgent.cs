using System.Net;
using AspNetSpiffe.Wire;
using Google.Protobuf;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.TestKit;

/// <summary>A Workload API server that does what a test says, well or badly: Kestrel, HTTP/2 without TLS, on a fresh Unix socket.</summary>
/// <remarks>
/// Steps wait in a queue per method until a call takes them, so they may be given before or after the client connects; a call without a step waits.
/// <code>
/// await using var agent = await FakeAgent.StartAsync();
/// agent.Send(pki.ResponseBytes([pki.Leaf("/web")]));
/// agent.CloseWith(GrpcStatusCode.PermissionDenied, "no identity issued");
/// var call = await agent.FetchX509Svid.NextCallAsync(patience);
/// </code>
/// </remarks>
public sealed class FakeAgent : IAsyncDisposable
{
    private readonly string? _folder;
    private readonly FakeMethod[] _methods;
    private KestrelServer? _kestrel;

    private FakeAgent(bool tcp)
    {
        _folder = tcp ? null : Directory.CreateTempSubdirectory("fake-agent-").FullName;
        _methods = [FetchX509Svid, FetchX509Bundles, FetchJwtSvid, FetchJwtBundles, ValidateJwtSvid];
    }

    /// <summary>Gets the address: <c>unix:///…/agent.sock</c>, or <c>tcp://127.0.0.1:…</c>.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Gets the path of the socket file; empty over TCP.</summary>
    public string SocketPath => _folder is null ? "" : Path.Combine(_folder, "agent.sock");

    /// <summary>Gets the steps and calls of FetchX509SVID.</summary>
    public FakeMethod FetchX509Svid { get; } = new("FetchX509SVID");

    /// <summary>Gets the steps and calls of FetchX509Bundles.</summary>
    public FakeMethod FetchX509Bundles { get; } = new("FetchX509Bundles");

    /// <summary>Gets the steps and calls of FetchJWTSVID.</summary>
    public FakeMethod FetchJwtSvid { get; } = new("FetchJWTSVID");

    /// <summary>Gets the steps and calls of FetchJWTBundles.</summary>
    public FakeMethod FetchJwtBundles { get; } = new("FetchJWTBundles");

    /// <summary>Gets the steps and calls of ValidateJWTSVID.</summary>
    public FakeMethod ValidateJwtSvid { get; } = new("ValidateJWTSVID");

    /// <summary>Gets how many calls have come to any method.</summary>
    public int CallCount => _methods.Sum(method => method.CallCount);

    /// <summary>Starts an agent on a socket in a folder of its own, or on a free port of 127.0.0.1.</summary>
    public static async Task<FakeAgent> StartAsync(bool tcp = false)
    {
        var agent = new FakeAgent(tcp);
        await agent.StartAgainAsync();
        return agent;
    }

    /// <summary>Sends an X509SVIDResponse, given as its bytes.</summary>
    public void Send(ReadOnlySpan<byte> message) => FetchX509Svid.Send(message);

    /// <summary>Sends bytes as they are on FetchX509SVID, for example a frame that is no message.</summary>
    public void SendRaw(ReadOnlySpan<byte> bytes) => FetchX509Svid.SendRaw(bytes);

    /// <summary>Ends FetchX509SVID with a status.</summary>
    public void CloseWith(GrpcStatusCode status, string text = "") => FetchX509Svid.CloseWith(status, text);

    /// <summary>Ends FetchX509SVID cleanly.</summary>
    public void Close() => FetchX509Svid.Close();

    /// <summary>Resets FetchX509SVID in the middle.</summary>
    public void Abort() => FetchX509Svid.Abort();

    /// <summary>Sends a message on the method that has such answers.</summary>
    internal void Send(IMessage message) => MethodOf(message).Send(message.ToByteArray());

    /// <summary>Stops like a process that is killed: connections break, and the socket file goes.</summary>
    public async Task StopAsync()
    {
        if (_kestrel is null) return;
        await _kestrel.StopAsync(new CancellationToken(canceled: true));
        _kestrel.Dispose();
        _kestrel = null;
        if (_folder is not null) File.Delete(SocketPath);
    }

    /// <summary>Starts again at the same address after <see cref="StopAsync"/>.</summary>
    public async Task StartAgainAsync()
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        if (_folder is not null) options.ListenUnixSocket(SocketPath, Http2Only);
        else options.Listen(IPAddress.Loopback, Address.Length == 0 ? 0 : int.Parse(Address.Split(':')[^1], System.Globalization.CultureInfo.InvariantCulture), Http2Only);

        _kestrel = new(Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance), NullLoggerFactory.Instance);
        await _kestrel.StartAsync(new Application(this), CancellationToken.None);
        Address = _folder is not null ? "unix://" + SocketPath : "tcp://" + _kestrel.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()["http://".Length..];
    }

    /// <summary>Stops, and removes the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (_folder is not null && Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    private static void Http2Only(ListenOptions listen) => listen.Protocols = HttpProtocols.Http2;

    private FakeMethod MethodOf(IMessage message) => message switch
    {
        X509SVIDResponse => FetchX509Svid,
        X509BundlesResponse => FetchX509Bundles,
        JWTSVIDResponse => FetchJwtSvid,
        JWTBundlesResponse => FetchJwtBundles,
        ValidateJWTSVIDResponse => ValidateJwtSvid,
        _ => throw new ArgumentException($"No method answers with '{message.Descriptor.Name}'.", nameof(message)),
    };

    private sealed class Application(FakeAgent agent) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public async Task ProcessRequestAsync(HttpContext context)
        {
            if (agent._methods.FirstOrDefault(method => context.Request.Path == $"/SpiffeWorkloadAPI/{method.Name}") is { } method) await method.ServeAsync(context);
            else context.Response.StatusCode = StatusCodes.Status404NotFound;
        }

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}
