using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Forwarding;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Vectors;

/// <summary>A service and a client of ours, whose agent says what the test wants, and strangers who call and are called: real sockets, real TLS.</summary>
public sealed class VectorMesh : IAsyncLifetime
{
    private readonly CancellationTokenSource _timeout = new(HangLimit.OfATest);
    private WebApplication _service = null!;
    private WebApplication _stranger = null!;
    private volatile VectorPeer? _strangerShows;

    /// <summary>Gets all that the service and the client logged.</summary>
    internal LogRecords Logs { get; } = new();

    internal FakeAgent Agent { get; private set; } = null!;

    internal CancellationToken Timeout => _timeout.Token;

    /// <summary>Gets the ID that we showed to the last peer.</summary>
    internal string? Shown { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Agent = await FakeAgent.StartAsync();

        Agent.Send(World.Message(World.Home.Leaf("/us")));
        _service = await StartServiceAsync();

        // It is logged a moment after the service may have started; tests count what comes after it.
        await Logs.WaitForAsync("SvidRenewed", Timeout);
        _stranger = await StartStrangerAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stranger.DisposeAsync();
        await _service.DisposeAsync();
        await Agent.DisposeAsync();
        _timeout.Dispose();
    }

    /// <summary>Tries a peer in a position, and says why it was refused; none: it got through, under its own ID.</summary>
    internal Task<RejectionReason> TryAsync(VectorPeer peer, Position position) => position switch
    {
        Position.ClientOverHttp1 => CallAsync(peer, endpoint: 0, HttpVersion.Version11),
        Position.ClientOverHttp2 => CallAsync(peer, endpoint: 0, HttpVersion.Version20),
        Position.ClientOfUseSpiffe => CallAsync(peer, endpoint: 1, HttpVersion.Version20),
        Position.Server => BeCalledAsync(peer),
        Position.BehindProxyOfRfc9440 => BeForwardedAsync(peer, ForwardedCertificateFormat.ClientCert),
        Position.BehindEnvoy => BeForwardedAsync(peer, ForwardedCertificateFormat.XForwardedClientCert),
        Position.BehindNginx => BeForwardedAsync(peer, ForwardedCertificateFormat.EscapedPem),
        _ => throw new ArgumentOutOfRangeException(nameof(position)),
    };

    private async Task<RejectionReason> CallAsync(VectorPeer peer, int endpoint, Version version)
    {
        Func<LogRecord, bool> isRefusal = _ => false;
        var earlier = 0;
        using var handler = new SocketsHttpHandler
        {
            SslOptions = Seeing(peer.Certificates.ToClientOptions()),
            ConnectCallback = async (context, token) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, token);

                // A port may have been used before.
                var port = ((IPEndPoint)socket.LocalEndPoint!).Port;
                isRefusal = r => r.Event.Name == "PeerRefused" && r.Values["Remote"] is string remote && remote.EndsWith($":{port}", StringComparison.Ordinal);
                earlier = Logs.All.Count(isRefusal);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = new HttpClient(handler) { DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        try
        {
            Assert.Equal(peer.Id, await client.GetStringAsync(AddressOf(_service, endpoint), Timeout));
            return RejectionReason.None;
        }
        catch (HttpRequestException)
        {
            // The peer learns nothing; the reason stands in the service's log, under the address of this connection.
            var refusal = await Logs.WaitForAsync(isRefusal, Timeout, earlier + 1);
            return (RejectionReason)refusal.Values["Reason"]!;
        }
    }

    // The test is the proxy, which says whatever it likes; nginx itself would leave out the intermediates.
    private async Task<RejectionReason> BeForwardedAsync(VectorPeer peer, ForwardedCertificateFormat format)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(AddressOf(_service, 2, "http"), $"/forwarded/{format}"));
        foreach (var (name, value) in ForwardedHeader.Of(format, peer.Certificates.Leaf, peer.Certificates.Intermediates)) request.Headers.Add(name, value);
        var earlier = Logs.All.Count(IsRefusal);
        using var response = await client.SendAsync(request, Timeout);
        if (response.IsSuccessStatusCode)
        {
            Assert.Equal(peer.Id, await response.Content.ReadAsStringAsync(Timeout));
            return RejectionReason.None;
        }

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        return (RejectionReason)(await Logs.WaitForAsync(IsRefusal, Timeout, earlier + 1)).Values["Reason"]!;

        static bool IsRefusal(LogRecord record) => record.Event.Name == "ForwardedCertificateRefused";
    }

    private async Task<RejectionReason> BeCalledAsync(VectorPeer peer)
    {
        _strangerShows = peer;
        var expected = SpiffeIdPattern.TryParse(peer.Id, out var id) ? id : SpiffeIdPattern.Any;
        using var client = new HttpClient(SpiffeHttpHandler.Create(_service.Services.GetRequiredService<X509Source>(), expected));
        try
        {
            Assert.Equal("hello", await client.GetStringAsync(AddressOf(_stranger, 0), Timeout));
            return RejectionReason.None;
        }
        catch (SpiffePeerRejectedException refusal)
        {
            return refusal.Reason;
        }
    }

    private SslClientAuthenticationOptions Seeing(SslClientAuthenticationOptions options)
    {
        options.RemoteCertificateValidationCallback = See;
        return options;
    }

    // A stranger takes anybody, and looks.
    private bool See(object sender, X509Certificate? leaf, X509Chain? chain, SslPolicyErrors errors)
    {
        Shown = SubjectAltNames.TryReadOnlyUri((X509Certificate2)leaf!, out var uri, out _) ? uri : null;
        return true;
    }

    private async Task<WebApplication> StartServiceAsync()
    {
        var builder = Builder();
        builder.Configuration["Spiffe:EndpointSocket"] = Agent.Address;
        builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers = ["spiffe:any"]);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps());
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseSpiffe());
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        foreach (var format in Enum.GetValues<ForwardedCertificateFormat>())
            builder.Services.AddAuthentication().AddSpiffeForwarded($"{format}", options =>
            {
                options.Format = format;
                options.AllowedCallers = ["spiffe:any"];
                options.TrustedProxies.Add("loopback");
            });
        var app = builder.Build();
        app.MapGet("/", (HttpContext http) => http.GetSpiffeId()!.ToString());
        foreach (var format in Enum.GetValues<ForwardedCertificateFormat>())
            app.MapGet($"/forwarded/{format}", (HttpContext http) => http.GetSpiffeId()!.ToString()).RequireAuthorization(new AuthorizeAttribute { AuthenticationSchemes = $"{format}" });
        await app.StartAsync(Timeout);
        return app;
    }

    // Kestrel without us: it shows what the test says, and takes any client.
    private async Task<WebApplication> StartStrangerAsync()
    {
        var builder = Builder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ =>
            {
                var options = _strangerShows!.Certificates.ToServerOptions();
                options.RemoteCertificateValidationCallback = See;
                return new(options);
            },
        })));
        var app = builder.Build();
        app.MapGet("/", () => "hello");
        await app.StartAsync(Timeout);
        return app;
    }

    private WebApplicationBuilder Builder()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Debug).AddProvider(Logs);
        return builder;
    }

    // The list of addresses knows no scheme of UseSpiffe.
    private static Uri AddressOf(WebApplication app, int endpoint, string scheme = "https") =>
        new UriBuilder(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ElementAt(endpoint)) { Scheme = scheme }.Uri;
}
