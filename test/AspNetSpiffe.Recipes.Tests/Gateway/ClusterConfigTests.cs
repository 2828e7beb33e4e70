using System.Net;
using System.Security.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace AspNetSpiffe.RecipeTests;

/// <summary>Which clusters a gateway takes, at its start and with each reload.</summary>
public sealed class ClusterConfigTests(ITestOutputHelper output) : GatewayTest(output)
{
    private static readonly ClusterConfig Good = new()
    {
        ClusterId = "orders",
        Destinations = new Dictionary<string, DestinationConfig> { ["one"] = new() { Address = "https://127.0.0.1:1" } },
        Metadata = new Dictionary<string, string> { ["SpiffeId"] = Expected },
    };

    private static readonly Dictionary<string, (ClusterConfig Cluster, string Text)> Bad = new()
    {
        ["no metadata"] = (Good with { Metadata = null }, "Metadata:SpiffeId is missing. Say who must answer"),
        ["no server"] = (With(("Owner", "shop")), "Metadata:SpiffeId is missing"),
        ["empty"] = (With(("SpiffeId", "")), "Metadata:SpiffeId:"),
        ["malformed"] = (With(("SpiffeId", "spiffe://example.org/a//b")), "Metadata:SpiffeId:"),
        ["misspelt"] = (With(("SpiffeIds", Expected)), "Metadata:SpiffeIds has no meaning"),
        ["misspelt in small letters"] = (With(("SpiffeId", Expected), ("spiffeforward", "true")), "Metadata:spiffeforward has no meaning"),
        ["no flag"] = (With(("SpiffeId", Expected), ("SpiffeForwardCaller", "yes")), "Metadata:SpiffeForwardCaller is 'yes'"),
        ["http"] = (At(new() { Address = "http://127.0.0.1:1" }), "Destinations:one:Address is 'http://127.0.0.1:1', and only https is called"),
        ["probe over http"] = (At(new() { Address = "https://127.0.0.1:1", Health = "http://127.0.0.1:2" }), "Destinations:one:Health is 'http://127.0.0.1:2'"),
        ["any certificate"] = (Good with { HttpClient = new() { DangerousAcceptAnyServerCertificate = true } }, "HttpClient:DangerousAcceptAnyServerCertificate has no effect"),
#pragma warning disable SYSLIB0039, CA5397, CA5398 // A setting that is rejected.
        ["old TLS"] = (Good with { HttpClient = new() { SslProtocols = SslProtocols.Tls11 | SslProtocols.Tls12 } }, "HttpClient:SslProtocols is 'Tls11, Tls12'"),
#pragma warning restore SYSLIB0039, CA5397, CA5398
        ["proxy over https"] = (Good with { HttpClient = new() { WebProxy = new() { Address = new("https://proxy.test") } } }, "HttpClient:WebProxy:Address is 'https://proxy.test/'"),
        ["HTTP/3"] = (Good with { HttpRequest = new() { Version = HttpVersion.Version30, VersionPolicy = HttpVersionPolicy.RequestVersionExact } }, "HttpRequest:Version asks for HTTP/3 only"),
    };

    public static TheoryData<string> Mistakes => [.. Bad.Keys];

    [Theory, MemberData(nameof(Mistakes))]
    public async Task A_cluster_that_would_be_called_otherwise_fails_the_start_and_says_why(string mistake)
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartGatewayAsync(Bad[mistake].Cluster));
        var told = Assert.Single(Assert.IsType<AggregateException>(error.InnerException).InnerExceptions).Message;
        Assert.StartsWith("The cluster 'orders' cannot be called with a SPIFFE identity. ", told, StringComparison.Ordinal);
        Assert.Contains(Bad[mistake].Text, told, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Mistakes))]
    public async Task A_reload_with_such_a_cluster_keeps_what_was_there(string mistake)
    {
        ExpectWarning("ErrorApplyingConfig");
        var service = await StartServiceAsync();
        var proxy = new InMemoryConfigProvider(RoutesTo(Good), [Cluster(service)]);
        var gateway = await StartGatewayAsync(proxy);
        var client = await ClientOfAsync(gateway);

        Assert.Contains(Bad[mistake].Text, $"{await ReloadAsync(gateway, proxy, Bad[mistake].Cluster)}", StringComparison.Ordinal);
        Assert.Equal((200, Gateway), await AskAsync(client, "/orders/"));
    }

    [Fact]
    public async Task All_mistakes_of_a_cluster_are_told_at_once()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartGatewayAsync(At(new() { Address = "http://127.0.0.1:1" }) with { Metadata = null }));
        Assert.Contains("Metadata:SpiffeId is missing", $"{error}", StringComparison.Ordinal);
        Assert.Contains("only https is called", $"{error}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reload_changes_who_must_answer_though_nothing_else_has_changed()
    {
        ExpectWarning("ForwardingError");
        var service = await StartServiceAsync();
        var proxy = new InMemoryConfigProvider(RoutesTo(Good), [Cluster(service)]);
        var gateway = await StartGatewayAsync(proxy);
        var client = await ClientOfAsync(gateway);
        Assert.Equal((200, Gateway), await AskAsync(client, "/orders/"));

        Assert.Null(await ReloadAsync(gateway, proxy, Cluster(service, server: "spiffe://example.org/database")));
        Assert.Equal((502, ""), await AskAsync(client, "/orders/"));
        Assert.Null(await ReloadAsync(gateway, proxy, Cluster(service)));
        Assert.Equal((200, Gateway), await AskAsync(client, "/orders/"));
    }

    [Fact]
    public async Task A_reload_changes_the_other_settings_of_the_client_though_the_server_is_the_same()
    {
        var service = await StartServiceAsync();
        var proxy = new InMemoryConfigProvider(RoutesTo(Good), [Cluster(service)]);
        var gateway = await StartGatewayAsync(proxy);
        var client = await ClientOfAsync(gateway);
        var connection = await GetAsync(client, path: "/orders/connection");

        Assert.Null(await ReloadAsync(gateway, proxy, Cluster(service) with { HttpClient = new() { SslProtocols = SslProtocols.Tls13 } }));
        Assert.NotEqual(connection, await GetAsync(client, path: "/orders/connection"));
    }

    [Fact]
    public async Task Case_counts_neither_in_keys_nor_in_schemes_and_a_version_that_may_be_lower_is_accepted()
    {
        var service = await StartServiceAsync(static app => app.MapGet("/forwarded", (HttpContext http) => $"{http.Request.Headers.ContainsKey("Client-Cert")}"));
        var address = AddressOf(service).ToString().Replace("https:", "HTTPS:", StringComparison.Ordinal);
        var cluster = Cluster(service, server: null, metadata: [("SPIFFEID", Expected), ("spiffeForwardCaller", "true")]) with
        {
            Destinations = new Dictionary<string, DestinationConfig> { ["one"] = new() { Address = address } },
            HttpRequest = new() { Version = HttpVersion.Version30, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower },
        };
        Assert.Equal((200, "True"), await AskAsync(await ClientOfAsync(await StartGatewayAsync(cluster)), "/orders/forwarded"));
    }

    [Fact]
    public async Task A_reload_that_changes_nothing_of_the_client_keeps_its_connections()
    {
        var service = await StartServiceAsync();
        var proxy = new InMemoryConfigProvider(RoutesTo(Good), [Cluster(service)]);
        var gateway = await StartGatewayAsync(proxy);
        var client = await ClientOfAsync(gateway);
        var connection = await GetAsync(client, path: "/orders/connection");

        Assert.Null(await ReloadAsync(gateway, proxy, Cluster(service, metadata: ("Owner", "shop"))));
        Assert.Equal(connection, await GetAsync(client, path: "/orders/connection"));
    }

    [Fact]
    public async Task Clients_of_clusters_that_are_gone_end()
    {
        var service = await StartServiceAsync();
        var proxy = new InMemoryConfigProvider(RoutesTo(Good), [Cluster(service)]);
        var gateway = await StartGatewayAsync(proxy);
        foreach (var other in (string[])["spiffe://example.org/a", "spiffe://example.org/b", Expected]) Assert.Null(await ReloadAsync(gateway, proxy, Cluster(service, server: other)));

        var source = gateway.Services.GetRequiredService<X509Source>();
        while (source.GetStatus().Clients.Length > 1)
        {
            Timeout.ThrowIfCancellationRequested();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Yield();
        }

        Assert.Equal(SpiffeIdPattern.Parse(Expected), Assert.Single(source.GetStatus().Clients).Expected);
        Assert.Equal((200, Gateway), await AskAsync(await ClientOfAsync(gateway), "/orders/"));
    }

    [Fact]
    public async Task Clients_that_somebody_else_makes_fail_the_start()
    {
        var config = new InMemoryConfigProvider(RoutesTo(Good), [Good]);
        var before = await Assert.ThrowsAsync<InvalidOperationException>(() => StartGatewayAsync(config, before: Configure));
        Assert.Contains("CallbackHttpClientFactory makes the clients in place of AddSpiffeMtls()", $"{before}", StringComparison.Ordinal);
        var after = await Assert.ThrowsAsync<InvalidOperationException>(() => StartGatewayAsync(config, after: Configure));
        Assert.Contains("CallbackHttpClientFactory makes the clients in place of AddSpiffeMtls()", $"{after}", StringComparison.Ordinal);
        var own = await Assert.ThrowsAsync<InvalidOperationException>(() => StartGatewayAsync(config, after: static proxy => proxy.Services.AddSingleton<IForwarderHttpClientFactory, ForwarderHttpClientFactory>()));
        Assert.Contains("ForwarderHttpClientFactory makes the clients in place of AddSpiffeMtls()", $"{own}", StringComparison.Ordinal);

        static void Configure(IReverseProxyBuilder proxy) => proxy.ConfigureHttpClient(static (_, handler) => handler.UseCookies = true);
    }

    [Fact]
    public async Task Settings_of_the_client_that_contradict_the_identity_fail_the_start()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartGatewayAsync(
            new InMemoryConfigProvider(RoutesTo(Good), [Good]), static (_, handler) => handler.SslOptions.ClientCertificates = []));
        Assert.Contains("SslOptions.ClientCertificates has no effect on a SPIFFE client", $"{error}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forwarder_without_a_cluster_needs_a_client_of_its_own()
    {
        var service = await StartServiceAsync();
        var none = new InMemoryConfigProvider([], []);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartGatewayAsync(none, map: app => app.MapForwarder("/{**rest}", AddressOf(service).ToString())));
        Assert.Contains("MapForwarder has no cluster that says who must answer", error.Message, StringComparison.Ordinal);

        using var own = new HttpMessageInvoker(SpiffeHttpHandler.Create(await SourceAsync("admin"), SpiffeIdPattern.Parse(Expected)));
        var gateway = await StartGatewayAsync(none, map: app => app.MapForwarder("/serial", AddressOf(service).ToString(), ForwarderRequestConfig.Empty, HttpTransformer.Default, own));
        Assert.Equal(200, (await AskAsync(await ClientOfAsync(gateway), "/serial")).Status);
    }

    [Fact]
    public void A_second_call_is_rejected()
    {
        var proxy = new ServiceCollection().AddReverseProxy().AddSpiffeMtls();
        Assert.Contains("already", Assert.Throws<InvalidOperationException>(() => proxy.AddSpiffeMtls()).Message, StringComparison.Ordinal);
    }

    private static ClusterConfig With(params (string Key, string Value)[] metadata) => Good with { Metadata = metadata.ToDictionary(static entry => entry.Key, static entry => entry.Value) };

    private static ClusterConfig At(DestinationConfig destination) => Good with { Destinations = new Dictionary<string, DestinationConfig> { ["one"] = destination } };
}
