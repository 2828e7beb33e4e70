using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Reflection;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>What an application sets on a client's connections is kept, or it is told so.</summary>
public sealed class ClientSettingsTests(ITestOutputHelper output) : MeshTest(output)
{
    /// <summary>Every setting of a handler that is not simply kept; a later .NET may add some, and each needs a decision.</summary>
    private static readonly Dictionary<string, string> Special = new()
    {
        [nameof(SocketsHttpHandler.ConnectCallback)] = "gives the plain stream",
        [nameof(SocketsHttpHandler.PlaintextStreamFilter)] = "comes above our TLS",
        [nameof(SocketsHttpHandler.SslOptions)] = "one by one",
    };

    private static readonly string[] KeptTls =
    [
        nameof(SslClientAuthenticationOptions.AllowRsaPkcs1Padding), nameof(SslClientAuthenticationOptions.AllowRsaPssPadding),
        nameof(SslClientAuthenticationOptions.CipherSuitesPolicy), nameof(SslClientAuthenticationOptions.EnabledSslProtocols), nameof(SslClientAuthenticationOptions.TargetHost),
    ];

    // True is the framework's default, and so no sign of a wish; both are always false.
    private static readonly string[] OurTls = [nameof(SslClientAuthenticationOptions.AllowRenegotiation), nameof(SslClientAuthenticationOptions.AllowTlsResume)];

    private static readonly Dictionary<string, Action<SslClientAuthenticationOptions>> RefusedTls = new()
    {
        [nameof(SslClientAuthenticationOptions.ApplicationProtocols)] = tls => tls.ApplicationProtocols = [SslApplicationProtocol.Http2],
        [nameof(SslClientAuthenticationOptions.CertificateChainPolicy)] = tls => tls.CertificateChainPolicy = new(),
        [nameof(SslClientAuthenticationOptions.CertificateRevocationCheckMode)] = tls => tls.CertificateRevocationCheckMode = X509RevocationMode.Online,
        [nameof(SslClientAuthenticationOptions.ClientCertificateContext)] = tls => tls.ClientCertificateContext = SslStreamCertificateContext.Create(new TestKit.TestPki().Leaf().Leaf, null, true),
        [nameof(SslClientAuthenticationOptions.ClientCertificates)] = tls => tls.ClientCertificates = [],
#pragma warning disable SYSLIB0040 // That is the point.
        [nameof(SslClientAuthenticationOptions.EncryptionPolicy)] = tls => tls.EncryptionPolicy = EncryptionPolicy.AllowNoEncryption,
#pragma warning restore SYSLIB0040
        [nameof(SslClientAuthenticationOptions.LocalCertificateSelectionCallback)] = tls => tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => null!,
        [nameof(SslClientAuthenticationOptions.RemoteCertificateValidationCallback)] = tls => tls.RemoteCertificateValidationCallback = (_, _, _, _) => true,
    };

    public static TheoryData<string> Refused => [.. RefusedTls.Keys];

    public static TheoryData<string> Kept => [.. SettingsOf<SocketsHttpHandler>().Select(p => p.Name).Except(Special.Keys)];

    [Fact, Trait("Trial", "C-02")]
    public void Each_setting_of_TLS_is_kept_or_refused_or_ours() =>
        Assert.Equal(SettingsOf<SslClientAuthenticationOptions>().Select(p => p.Name).Order(), KeptTls.Concat(OurTls).Concat(RefusedTls.Keys).Order());

    [Theory, Trait("Trial", "C-02"), Trait("Spec", "XV-ae")]
    [MemberData(nameof(Refused))]
    public async Task A_setting_that_concerns_certificates_is_refused_with_the_remedy(string setting)
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
            SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Any, handler => RefusedTls[setting](handler.SslOptions)).Dispose());
        Assert.Contains($"SslOptions.{setting} has no effect", error.Message, StringComparison.Ordinal);
        Assert.Contains("Remove the setting", error.Message, StringComparison.Ordinal);
    }

    [Theory, Trait("Trial", "C-02"), Trait("Spec", "XV-ae")]
    [MemberData(nameof(Kept))]
    public void Each_setting_of_a_handler_is_that_of_every_pool(string setting)
    {
        var property = typeof(SocketsHttpHandler).GetProperty(setting)!;
        var settings = new ClientSettings(new SocketsHttpHandler { UseProxy = false }, handler => property.SetValue(handler, OtherThan(property.GetValue(handler), property.PropertyType)));

        var chosen = property.GetValue(settings.Handler);
        Assert.NotEqual(property.GetValue(new SocketsHttpHandler { UseProxy = false }), chosen);
        Assert.Equal(chosen, property.GetValue(settings.CreateHandler()));
        Assert.Equal(chosen, property.GetValue(settings.CreateHandler()));
    }

    [Fact, Trait("Trial", "C-02")]
    [SuppressMessage("Interoperability", "CA1416:Validate platform compatibility", Justification = "The tests run on Linux.")]
    public void Properties_and_the_kept_settings_of_TLS_are_those_of_every_pool()
    {
        var suites = new CipherSuitesPolicy([TlsCipherSuite.TLS_AES_128_GCM_SHA256]);
        var settings = new ClientSettings(new SocketsHttpHandler(), handler =>
        {
            handler.UseProxy = false;
            handler.Properties["colour"] = "blue";
            handler.SslOptions.AllowRsaPkcs1Padding = handler.SslOptions.AllowRsaPssPadding = false;
            (handler.SslOptions.EnabledSslProtocols, handler.SslOptions.TargetHost, handler.SslOptions.CipherSuitesPolicy) = (SslProtocols.Tls13, "orders", suites);
        });

        Assert.Equal("blue", settings.CreateHandler().Properties["colour"]);
        var tls = settings.CreateTlsOptions();
        Assert.Equal((false, false, SslProtocols.Tls13, "orders", suites), (tls.AllowRsaPkcs1Padding, tls.AllowRsaPssPadding, tls.EnabledSslProtocols, tls.TargetHost, tls.CipherSuitesPolicy));
    }

    [Theory, Trait("Trial", "C-02")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task The_stream_of_a_ConnectCallback_is_used_under_our_TLS(string version)
    {
        var server = await StartServerAsync();
        var source = await SourceAsync("client");
        using var client = Client(new("https://elsewhere.invalid"), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected), h => h.ConnectCallback = To(server)));

        Assert.Equal("spiffe://example.org/client", await GetAsync(client, version));
        await RotateAsync("client", source);
        Assert.Equal("spiffe://example.org/client", await GetAsync(client, version));
    }

    [Theory, Trait("Trial", "C-02")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_ConnectCallback_that_leads_to_another_server_leads_nowhere(string version)
    {
        var requests = 0;
        var server = await StartServerAsync(map: app => app.MapFallback(() => Interlocked.Increment(ref requests)));
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse("spiffe://example.org/database"), h => h.ConnectCallback = To(server)));

        Assert.Equal(RejectionReason.NotAllowed, (await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client, version, "/anything"))).Reason);
        Assert.Equal(0, requests);
    }

    [Fact, Trait("Trial", "C-02")]
    public async Task A_ConnectCallback_finds_the_proxy_too()
    {
        var (server, proxy) = (await StartServerAsync(), Keep(new ConnectProxy()));
        var called = new List<string>();
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected), handler =>
        {
            proxy.Use(handler);
            handler.ConnectCallback = (context, cancellationToken) =>
            {
                called.Add($"{context.DnsEndPoint.Host}:{context.DnsEndPoint.Port}");
                return ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken);
            };
        }));

        Assert.Equal("spiffe://example.org/client", await GetAsync(client));
        Assert.Equal([proxy.Address.Authority], called);
        Assert.Equal([AddressOf(server).Authority], proxy.Tunnels);
    }

    [Theory, Trait("Trial", "C-02")]
    [InlineData("1.1", false)]
    [InlineData("2.0", false)]
    [InlineData("1.1", true)]
    public async Task The_TLS_versions_are_those_that_were_chosen(string version, bool throughProxy)
    {
        var server = await StartServerAsync(map: app => app.MapGet("/tls", (HttpContext http) => $"{http.Features.Get<ITlsHandshakeFeature>()!.Protocol}"));
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected), handler =>
        {
            if (throughProxy) Keep(new ConnectProxy()).Use(handler);
            handler.SslOptions = new() { EnabledSslProtocols = SslProtocols.Tls12 };
        }));
        Assert.Equal("Tls12", await GetAsync(client, version, "/tls"));
    }

    [Fact, Trait("Trial", "C-02")]
    public async Task The_target_host_is_the_name_that_the_server_hears()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = Client(new($"https://{listener.LocalEndpoint}"), SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Any, h => h.SslOptions.TargetHost = "orders.example"));
        var calling = Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client));

        string? heard = null;
        using (var socket = await listener.AcceptSocketAsync(Timeout))
        {
            await using var tls = new SslStream(new NetworkStream(socket));
            await Assert.ThrowsAsync<AuthenticationException>(() => tls.AuthenticateAsServerAsync(
                (_, hello, _, _) =>
                {
                    heard = hello.ServerName;
                    throw new AuthenticationException("It said enough.");
                },
                null,
                Timeout));
        }

        await calling;
        Assert.Equal("orders.example", heard);
    }

    [Fact, Trait("Trial", "C-02")]
    public async Task A_target_host_that_a_tunnel_would_overwrite_is_refused()
    {
        var source = await SourceAsync("client");
        var error = Assert.Throws<InvalidOperationException>(() => SpiffeHttpHandler.Create(source, SpiffeIdPattern.Any, h => (h.UseProxy, h.SslOptions.TargetHost) = (true, "orders")));
        Assert.Contains("Set the request's Host header", error.Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Trial", "C-02"), Trait("Trial", "H-01")]
    public async Task The_settings_are_asked_for_once_and_hold_after_a_renewal()
    {
        var server = await StartServerAsync(map: app => app.MapGet("/cookies", (HttpContext http) =>
        {
            http.Response.Cookies.Append("taste", "sweet");
            return http.Request.Cookies["taste"] ?? "none";
        }));
        var (source, times) = (await SourceAsync("client"), 0);
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected), _ =>
        {
            if (times++ > 0) throw new InvalidOperationException("Not again.");
        }));

        Assert.Equal("none", await GetAsync(client, path: "/cookies"));
        await RotateAsync("client", source);
        Assert.Equal("sweet", await GetAsync(client, path: "/cookies"));
        Assert.Equal(1, times);
    }

    [Fact, Trait("Trial", "C-02")]
    public async Task A_handler_below_ours_is_refused_and_the_one_that_is_there_reaches_nobody()
    {
        var server = await StartServerAsync();
        using var handler = SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected));
        using var inner = Client(AddressOf(server), handler.InnerHandler!);
        Assert.IsType<AuthenticationException>((await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(inner))).InnerException);

        handler.InnerHandler = new SocketsHttpHandler();
        using var client = Client(AddressOf(server), handler);
        Assert.Contains("InnerHandler", (await Assert.ThrowsAsync<InvalidOperationException>(() => GetAsync(client))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sending_without_waiting_is_refused()
    {
        using var client = Client(new("https://127.0.0.1:1"), SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Any));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        Assert.Throws<NotSupportedException>(() => client.Send(request, Timeout));
    }

    private static IEnumerable<PropertyInfo> SettingsOf<T>() => typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite);

    private static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> To(WebApplication server) =>
        (_, cancellationToken) => ConnectAsync("127.0.0.1", AddressOf(server).Port, cancellationToken);

    private static async ValueTask<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(host, port, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static object OtherThan(object? value, Type type) => value switch
    {
        bool b => !b,
        int i => i == int.MaxValue ? 7 : i + 1,
        TimeSpan t => t == System.Threading.Timeout.InfiniteTimeSpan ? TimeSpan.FromMinutes(7) : t + TimeSpan.FromSeconds(1),
        DecompressionMethods => DecompressionMethods.Brotli,
        HttpKeepAlivePingPolicy => HttpKeepAlivePingPolicy.WithActiveRequests,
        CookieContainer => new CookieContainer(7),
        System.Diagnostics.DistributedContextPropagator => System.Diagnostics.DistributedContextPropagator.CreateNoOutputPropagator(),
        _ when type == typeof(IWebProxy) => new WebProxy(),
        _ when type == typeof(ICredentials) => CredentialCache.DefaultCredentials,
        _ when type == typeof(System.Diagnostics.Metrics.IMeterFactory) => new Meters(),
        _ when type == typeof(HeaderEncodingSelector<HttpRequestMessage>) => (HeaderEncodingSelector<HttpRequestMessage>)((_, _) => null),
        _ => throw new NotSupportedException($"A new kind of setting: {type}."),
    };

    private sealed class Meters : System.Diagnostics.Metrics.IMeterFactory
    {
        public System.Diagnostics.Metrics.Meter Create(System.Diagnostics.Metrics.MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }
}
