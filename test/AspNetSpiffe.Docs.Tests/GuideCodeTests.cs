using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using AspNetSpiffe.TestKit;
using Docs;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.DocsTests;

/// <summary>The code of the how-to guides, run.</summary>
public sealed class GuideCodeTests(ITestOutputHelper output) : GuideTest(output)
{
    [Fact]
    public async Task Policies_admit_whom_they_name()
    {
        var url = UrlOf(await StartAsync("orders", static builder => builder.WebHost.UseSpiffeMtls(), Docs.Authorization.MapEndpoints));
        Assert.Equal($"Hello, {Cart}", await AskAsync("cart", $"{url}/hello"));
        Assert.Equal(["403", "orders", "403"], [await AskAsync("cart", $"{url}/report"), await AskAsync("cart", $"{url}/orders"), await AskAsync("cart", $"{url}/admin")]);
        Assert.Equal(["a report", "403", "403"], [await AskAsync("daily", $"{url}/report"), await AskAsync("daily", $"{url}/orders"), await AskAsync("daily", $"{url}/admin")]);
        Assert.Equal("welcome", await AskAsync("alice", $"{url}/admin"));
    }

    [Fact]
    public async Task A_fallback_policy_demands_a_caller_on_a_plain_port_too()
    {
        var app = await StartAsync("orders", static builder =>
        {
            builder.WebHost.UseSpiffeMtls();
            Docs.Authorization.AddFallback(builder);
        }, static app => app.MapGet("/", static () => "open"), ("urls", "https://127.0.0.1:0;http://127.0.0.1:0"));
        using var nobody = new HttpClient();
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync(UrlOf(app, "http:"), Patience)).StatusCode);
        Assert.Equal("open", await AskAsync("cart", UrlOf(app)));
    }

    [Fact]
    public async Task A_policy_decides_in_code()
    {
        var url = UrlOf(await StartAsync("orders", static builder =>
        {
            builder.WebHost.UseSpiffeMtls();
            Docs.Authorization.AddOwnNamespace(builder);
        }, static app => app.MapGet("/", static () => "ours").RequireAuthorization("OwnNamespace")));
        Assert.Equal(["ours", "403", "403"], [await AskAsync("cart", url), await AskAsync("ledger", url), await AskAsync("alice", url)]);
    }

    [Fact]
    public async Task Clients_call_with_a_host_without_one_and_over_web_sockets()
    {
        var orders = await StartAsync("orders", static builder => builder.WebHost.UseSpiffeMtls(), static app =>
        {
            app.UseWebSockets();
            app.MapGet("/", static (SpiffeCaller caller) => $"{caller.Id}");
            app.Map("/updates", static async (HttpContext http) =>
            {
                using var socket = await http.WebSockets.AcceptWebSocketAsync();
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);    // the client does not wait for it
            });
        });
        var client = await StartAsync("cart", static builder =>
        {
            builder.WebHost.UseSpiffeMtls();
            Calls.AddOrders(builder);
            Calls.AddPartner(builder);
        }, static _ => { });
        using var http = client.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        Assert.Equal("https://orders:8443/", $"{http.BaseAddress}");
        Assert.Equal(Cart, await http.GetStringAsync(UrlOf(orders), Patience));
        client.Services.GetRequiredService<IHttpClientFactory>().CreateClient("partner").Dispose();

        // All other tests name their agent.
        Environment.SetEnvironmentVariable("SPIFFE_ENDPOINT_SOCKET", Agent.AddressOf("cart"));
        Assert.Equal(Cart, await Calls.CallWithoutHostAsync(UrlOf(orders)));
        Assert.NotEmpty(await Tokens.GetAsync("payments"));
        Environment.SetEnvironmentVariable("SPIFFE_ENDPOINT_SOCKET", null);

        var expected = SpiffeIdPattern.Parse(Orders);
        Assert.Equal(WebSocketState.Open, await Calls.OpenWebSocketAsync(await SourceAsync("cart"), expected, new($"wss{UrlOf(orders)[5..]}/updates"), Patience));
    }

    [Fact]
    public async Task Tokens_are_sent_and_accepted()
    {
        var orders = await StartAsync("orders", static builder =>
        {
            builder.WebHost.UseSpiffeMtls();
            Tokens.Accept(builder);
        }, Tokens.MapEndpoint);
        await using var tokens = new JwtSource(new SpiffeOptions { EndpointSocket = Agent.AddressOf("daily") }, Loggers);
        var token = await tokens.GetAsync("https://orders.example.org", cancellationToken: Patience);
        Assert.Equal("For spiffe://example.org/ns/reporting/sa/daily", await AskAsync("cart", $"{UrlOf(orders)}/report", change: request => request.Headers.Authorization = new("Bearer", token.Token)));
        Assert.Equal("401", await AskAsync("daily", $"{UrlOf(orders)}/report"));

        var client = await StartAsync("cart", static builder =>
        {
            builder.WebHost.UseSpiffeMtls();
            Tokens.Send(builder);
        }, static _ => { });
        var echo = await StartAsync("orders", static builder => builder.WebHost.UseSpiffeMtls(), static app => app.MapGet("/", static (HttpContext http) => $"{http.Request.Headers.Authorization}"));
        using var http = client.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        Assert.StartsWith("Bearer ey", await http.GetStringAsync(UrlOf(echo), Patience), StringComparison.Ordinal);
        client.Services.GetRequiredService<IHttpClientFactory>().CreateClient("payments").Dispose();
    }

    [Fact]
    public async Task A_forwarded_certificate_makes_the_caller_where_a_trusted_proxy_brings_it()
    {
        var url = UrlOf(await StartAsync("orders", static builder =>
        {
            builder.WebHost.UseSpiffeMtls();
            Proxies.Accept(builder);
        }, Proxies.MapEndpoint));
        var svid = (await SourceAsync("cart")).Current!.DefaultSvid;
        void Forward(HttpRequestMessage request)
        {
            request.Headers.Add("Client-Cert", $":{Convert.ToBase64String(svid.Leaf.RawData)}:");
            request.Headers.Add("Client-Cert-Chain", string.Join(", ", svid.Intermediates.Select(static certificate => $":{Convert.ToBase64String(certificate.RawData)}:")));
        }

        Assert.Equal($"For {Cart}", await AskAsync("envoy", $"{url}/orders", change: Forward));
        Assert.Equal("401", await AskAsync("ledger", $"{url}/orders", change: Forward));
    }

    [Fact]
    public async Task YARP_calls_the_server_that_the_metadata_of_a_cluster_names()
    {
        var orders = UrlOf(await StartAsync("orders", static builder => builder.WebHost.UseSpiffeMtls(), static app => app.MapGet("/orders/1", static (SpiffeCaller caller) => $"{caller.Id}")));
        Task<WebApplication> StartGatewayAsync(params (string, string?)[] settings) => StartAsync("gateway", builder =>
        {
            builder.Configuration.AddJsonFile(Repository.PathOf("samples", "Docs", "yarp.json"));
            builder.Configuration.AddInMemoryCollection([new("ReverseProxy:Clusters:orders:Destinations:first:Address", orders), .. settings.Select(static setting => KeyValuePair.Create(setting.Item1, setting.Item2))]);
            Docs.Yarp.AddGateway(builder);
        }, static app => app.MapReverseProxy());

        var gateway = await StartGatewayAsync();
        Assert.Equal("spiffe://example.org/gateway", await AskAsync("cart", $"{UrlOf(gateway)}/orders/1", "spiffe://example.org/gateway"));
        Assert.Equal("403", await AskAsync("ledger", $"{UrlOf(gateway)}/orders/1", "spiffe://example.org/gateway"));

        AllowWarning("ForwardingError");
        AllowWarning("PeerRefused");
        var wrong = await StartGatewayAsync(("ReverseProxy:Clusters:orders:Metadata:SpiffeId", "spiffe://example.org/database"));
        Assert.Equal("502", await AskAsync("cart", $"{UrlOf(wrong)}/orders/1", "spiffe://example.org/gateway"));
    }

    [Fact]
    public async Task A_hub_knows_its_caller_over_a_web_socket()
    {
        var orders = await StartAsync("orders", static builder =>
        {
            builder.WebHost.UseSpiffeMtls();
            builder.Services.AddSignalR();
        }, static app => app.MapHub<OrdersHub>("/orders"));
        Assert.Equal(Cart, await SignalR.AskAsync(new($"{UrlOf(orders)}/orders"), await SourceAsync("cart"), Patience));
        await Assert.ThrowsAsync<HttpRequestException>(async () => await SignalR.AskAsync(new($"{UrlOf(orders)}/orders"), await SourceAsync("ledger"), Patience));
    }

    [Fact]
    public async Task A_driver_with_a_TLS_callback_calls_the_database_that_is_expected()
    {
        var server = new SpiffeTls(await SourceAsync("database"), SpiffeIdPattern.Parse(Orders));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, Patience);
        Assert.Equal("ready", await Databases.AskAsync(await SourceAsync("orders"), client.GetStream(), Patience));
        await serving;

        async Task ServeAsync()
        {
            using var accepted = await listener.AcceptTcpClientAsync(Patience);
            var options = new SslServerAuthenticationOptions();
            server.Configure(options);
            await using var stream = new SslStream(accepted.GetStream());
            await stream.AuthenticateAsServerAsync(options, Patience);
            await stream.WriteAsync("ready"u8.ToArray(), Patience);
            await stream.ShutdownAsync();
        }
    }

    [Fact]
    public async Task Callers_of_two_trust_domains_get_what_each_may_have()
    {
        var partner = Stopping(await DevAgent.StartAsync(new DevAgentOptions { TrustDomain = TrustDomain.Parse("partner.example"), Directory = Path.Combine(Folder, "partner") }.AddWorkload("billing", "/billing"), Patience));
        Agent.AddFederatedBundle(partner);
        partner.AddFederatedBundle(Agent);
        var settings = new ConfigurationBuilder().AddJsonFile(Repository.PathOf("samples", "Docs", "trust-domains.json")).Build();
        var url = UrlOf(await StartAsync("orders", builder => builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers = settings.GetSection("Spiffe:AllowedPeers").Get<string[]>()), static app =>
        {
            TrustDomains.MapEndpoints(app);
            TrustDomains.MapLedger(app);
        }));

        await using var billing = await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = partner.AddressOf("billing") }, Loggers, Patience);
        using var http = new HttpClient(SpiffeHttpHandler.Create(billing, SpiffeIdPattern.Parse(Orders)));
        Assert.Equal("for partner.example", await http.GetStringAsync($"{url}/invoices", Patience));
        Assert.Equal("for example.org", await AskAsync("cart", $"{url}/invoices"));
        foreach (var path in new[] { "/internal", "/ledger" }) Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync(url + path, Patience)).StatusCode);
        Assert.Equal(["ours only", "403"], [await AskAsync("cart", $"{url}/internal"), await AskAsync("cart", $"{url}/ledger")]);
    }

    [Fact]
    public async Task An_API_key_and_an_SVID_are_accepted_while_callers_move()
    {
        var builder = Builder("orders", ("urls", null));
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.UseSpiffe(SpiffeServerMode.OptionalClientCertificate)));
        builder.Services.AddSpiffeServer();
        Migration.AcceptBoth(builder);
        await using var app = builder.Build();
        app.MapGet("/", static () => "orders").RequireAuthorization("Orders");
        await app.StartAsync(Patience);

        Assert.Equal(["orders", "403"], [await AskAsync("cart", UrlOf(app)), await AskAsync("ledger", UrlOf(app))]);
        using var old = new HttpClient(SpiffeHttpHandler.CreateTls(Stopping(await X509BundleSource.StartAsync(new SpiffeOptions { EndpointSocket = Agent.AddressOf("cart") }, Loggers, Patience)), SpiffeIdPattern.Parse(Orders)));
        Assert.Equal(HttpStatusCode.Unauthorized, (await old.GetAsync(UrlOf(app), Patience)).StatusCode);
        old.DefaultRequestHeaders.Add("X-Api-Key", "an old key");
        Assert.Equal("orders", await old.GetStringAsync(UrlOf(app), Patience));
    }

    [Fact]
    public async Task A_bundle_is_published_and_one_of_another_trust_domain_can_be_fetched()
    {
        var app = await StartAsync("orders", static builder => Federation.Publish(builder, 0), Federation.Map, ("urls", null));
        using var http = new HttpClient(SpiffeHttpHandler.CreateTls(Stopping(await X509BundleSource.StartAsync(new SpiffeOptions { EndpointSocket = Agent.AddressOf("cart") }, Loggers, Patience)), SpiffeIdPattern.Parse(Orders)));
        var bundle = SpiffeBundle.Parse(TrustDomain.Parse("example.org"), await http.GetByteArrayAsync($"{UrlOf(app).Replace("[::]", "127.0.0.1", StringComparison.Ordinal)}/bundle.json", Patience));
        Assert.NotEmpty(bundle.X509.Authorities);

        // Built and not started: nobody here is partner.example.
        var builder = Builder("orders");
        Federation.Add(builder);
        await using var other = builder.Build();
        Assert.Equal("https://partner.example/bundle.json", other.Services.GetRequiredService<Microsoft.Extensions.Options.IOptions<SpiffeOptions>>().Value.Federation["partner.example"].Url);
    }

    [Fact]
    public async Task An_identity_comes_from_code()
    {
        var current = (await SourceAsync("orders")).Current!;
        var vault = Channel.CreateUnbounded<Provider.Secret>();
        var svid = current.DefaultSvid;
        var certificates = string.Join('\n', svid.Intermediates.Prepend(svid.Leaf).Select(static certificate => certificate.ExportCertificatePem()));
        var bundle = string.Join('\n', current.Bundles.Find(svid.Id.TrustDomain)!.Authorities.Select(static authority => authority.ExportCertificatePem()));
        vault.Writer.TryWrite(new(certificates, svid.Leaf.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem(), bundle));
        var builder = Builder("orders", ("Spiffe:EndpointSocket", null));
        builder.WebHost.UseSpiffeMtls();
        Provider.Add(builder, vault.Reader);
        await using var app = builder.Build();
        app.MapGet("/", static () => "from code");
        await app.StartAsync(Patience);
        Assert.Equal("from code", await AskAsync("cart", UrlOf(app)));
    }

    [Fact]
    public async Task The_diagnostics_page_is_for_operators()
    {
        var url = UrlOf(await StartAsync("orders", static builder => builder.WebHost.UseSpiffeMtls(), Diagnostics.Map));
        Assert.Contains("SPIFFE diagnostics", await AskAsync("alice", $"{url}/spiffe"), StringComparison.Ordinal);
        Assert.Equal("403", await AskAsync("cart", $"{url}/spiffe"));

        var other = UrlOf(await StartAsync("orders", static builder =>
        {
            builder.WebHost.UseSpiffeMtls();
            builder.Services.AddAuthorizationBuilder().AddPolicy("Operators", static policy => policy.RequireSpiffe("spiffe://example.org/ops/**"));
        }, Diagnostics.MapForOperators));
        Assert.Equal("404", await AskAsync("alice", $"{other}/spiffe"));
        Assert.Contains("SPIFFE diagnostics", await AskAsync("alice", $"{other}/spiffe", change: static request => request.Headers.Host = "ops.example.org:9443"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Probes_on_a_port_of_their_own_need_no_identity_and_nothing_else_there_is_open()
    {
        // The page's settings, with ports that are free.
        var settings = new ConfigurationBuilder().AddJsonFile(Repository.PathOf("samples", "Docs", "probes.json")).Build().AsEnumerable()
            .Select(static setting => (setting.Key, setting.Value?.Replace("0.0.0.0:8443", "127.0.0.1:0", StringComparison.Ordinal).Replace("0.0.0.0:8081", "127.0.0.1:0", StringComparison.Ordinal)));
        var app = await StartAsync("orders", Operations.AddServices, static app =>
        {
            Operations.MapProbes(app);
            app.MapGet("/orders", static () => "orders");
        }, [("urls", null), .. settings]);
        using var probe = new HttpClient { BaseAddress = new Uri(UrlOf(app, "http:")) };
        Assert.Equal(["Healthy", "Healthy"], [await probe.GetStringAsync("/healthz/live", Patience), await probe.GetStringAsync("/healthz/ready", Patience)]);
        Assert.Equal(HttpStatusCode.Unauthorized, (await probe.GetAsync("/orders", Patience)).StatusCode);
        Assert.Equal("orders", await AskAsync("cart", $"{UrlOf(app)}/orders"));
    }

    private static string UrlOf(WebApplication app, string scheme = "https:") => app.Urls.Single(url => url.StartsWith(scheme, StringComparison.Ordinal));
}
