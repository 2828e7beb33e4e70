using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Forwarding;

/// <summary>Whom a forwarded certificate makes the caller, and for whom.</summary>
public sealed class ForwardedCallerTests(ITestOutputHelper output) : ForwardedTest(output)
{
    private const string Everybody = "spiffe://example.org/**";

    [Theory]
    [InlineData(ForwardedCertificateFormat.ClientCert)]
    [InlineData(ForwardedCertificateFormat.XForwardedClientCert)]
    [InlineData(ForwardedCertificateFormat.EscapedPem)]
    public async Task A_certificate_that_a_trusted_proxy_forwards_is_the_caller(ForwardedCertificateFormat format)
    {
        var server = await StartForwardedAsync(options =>
        {
            options.Format = format;
            options.TrustedProxies.Add("loopback");
        });
        Assert.Equal("Forwarded /client, peer", await AskAsync(server, "/caller", await ForwardedAsync("client", format)));
        Assert.Equal("401 SpiffeForwarded", await AskAsync(server, "/caller"));
    }

    [Fact]
    public async Task A_proxy_is_known_by_its_SVID()
    {
        var server = await StartForwardedAsync(options => options.TrustedProxies.Add("spiffe://example.org/admin"), app => app.MapGet("/headers", ForwardedHeadersOf));
        var forwarded = await ForwardedAsync("client");
        using var proxy = await ClientAsync(server, "admin");
        using var other = await ClientAsync(server);

        Assert.Equal("Forwarded /client, peer /admin", await AskAsync(proxy, "/caller", forwarded));
        Assert.Equal("401 SpiffeForwarded", await AskAsync(other, "/caller", forwarded));
        Assert.Equal("401 SpiffeForwarded", await AskAsync(server, "/caller", forwarded));
        Assert.Equal("Client-Cert Client-Cert-Chain", await AskAsync(proxy, "/headers", forwarded));
        Assert.Equal("", await AskAsync(other, "/headers", forwarded));
    }

    [Theory]
    [InlineData("unix", "Forwarded /client, peer", "401 SpiffeForwarded")]
    [InlineData("loopback", "401 SpiffeForwarded", "Forwarded /client, peer")]
    public async Task A_proxy_is_known_by_the_kind_of_socket_over_which_it_comes(string trusted, string overUnix, string overLoopback)
    {
        var folder = Directory.CreateTempSubdirectory("spiffe-test-");
        try
        {
            var socket = Path.Combine(folder.FullName, "server.sock");
            var server = await StartForwardedAsync(
                options => options.TrustedProxies.Add(trusted), services: builder => builder.WebHost.UseUrls($"http://unix:{socket}", "http://127.0.0.1:0", "https://127.0.0.1:0"));
            using var proxy = new HttpClient(new SocketsHttpHandler
            {
                ConnectCallback = async (_, token) =>
                {
                    var unix = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await unix.ConnectAsync(new UnixDomainSocketEndPoint(socket), token);
                    return new NetworkStream(unix, ownsSocket: true);
                },
            })
            { BaseAddress = new("http://localhost") };

            var forwarded = await ForwardedAsync("client");
            Assert.Equal(overUnix, await AskAsync(proxy, "/caller", forwarded));
            using var other = new HttpClient { BaseAddress = new(server.Urls.First(url => url.StartsWith("http://127", StringComparison.Ordinal))) };
            Assert.Equal(overLoopback, await AskAsync(other, "/caller", forwarded));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // Forwarded headers are the word of whoever sends them; the connection is not.
    [Fact]
    public async Task A_proxy_is_known_by_its_connection_whatever_address_it_forwards()
    {
        var server = await StartForwardedAsync(
            options => options.TrustedProxies.Add("loopback"),
            services: builder => builder.Services.Configure<ForwardedHeadersOptions>(options => options.ForwardedHeaders = ForwardedHeaders.All).AddTransient<IStartupFilter, ForwardedFirst>());
        Assert.Equal("Forwarded /client, peer", await AskAsync(server, "/caller", [.. await ForwardedAsync("client"), ("X-Forwarded-For", "192.0.2.1")]));
    }

    [Theory]
    [InlineData("loopback")]
    [InlineData("spiffe://example.org/nobody-here")]
    public async Task Headers_of_everybody_else_are_removed_and_of_the_proxy_those_that_are_not_its_own(string proxies)
    {
        var server = await StartForwardedAsync(
            options =>
            {
                options.Format = ForwardedCertificateFormat.EscapedPem;
                options.HeaderName = "ssl-client-cert";
                options.TrustedProxies.Add(proxies);
            },
            app => app.MapGet("/headers", ForwardedHeadersOf));
        (string, string)[] all = [("Client-Cert", "a"), ("client-cert-chain", "b"), ("X-Forwarded-Client-Cert", "c"), ("Ssl-Client-Cert", "d")];

        Assert.Equal(proxies == "loopback" ? "Ssl-Client-Cert" : "", await AskAsync(server, "/headers", all));
    }

    [Fact]
    public async Task Policies_by_pattern_mean_the_forwarded_caller_where_its_scheme_is_named()
    {
        var server = await StartForwardedAsync(options => options.TrustedProxies.Add("spiffe://example.org/admin"), app =>
        {
            app.MapGet("/forwarded", Describe).RequireAuthorization(Schemes("SpiffeForwarded", "spiffe://example.org/client"));
            app.MapGet("/peer", Describe).RequireAuthorization("spiffe://example.org/client");
            app.MapGet("/either", Describe).RequireAuthorization(Schemes("Spiffe,SpiffeForwarded", Everybody));
        });
        using var proxy = await ClientAsync(server, "admin");
        var (client, self) = (await ForwardedAsync("client"), await ForwardedAsync("admin"));

        Assert.Equal("Forwarded /client, peer /admin", await AskAsync(proxy, "/forwarded", client));
        Assert.Equal("403", await AskAsync(proxy, "/forwarded", self));
        Assert.Equal("401 SpiffeForwarded", await AskAsync(proxy, "/forwarded"));
        Assert.Equal("403", await AskAsync(proxy, "/peer", client));
        Assert.Equal("Forwarded /client, peer /admin", await AskAsync(proxy, "/either", client));
        Assert.Equal("Peer /admin, peer /admin", await AskAsync(proxy, "/either"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_bad_forwarded_certificate_is_not_made_good_by_the_connection_that_brought_it(bool routesFirst)
    {
        var server = await StartForwardedAsync(options => options.TrustedProxies.Add("spiffe://example.org/admin"), app =>
        {
            if (routesFirst) app.UseRouting();
            app.UseAuthentication();
            if (!routesFirst) app.UseRouting();
            app.UseAuthorization();
            app.MapGet("/either", Describe).RequireAuthorization(Schemes("Spiffe,SpiffeForwarded", Everybody));
        });
        using var proxy = await ClientAsync(server, "admin");

        Assert.Equal("Peer /admin, peer /admin", await AskAsync(proxy, "/either"));
        Assert.StartsWith(routesFirst ? "401" : "403", await AskAsync(proxy, "/either", ("Client-Cert", ":AAAA:")));
    }

    [Fact]
    public async Task A_token_stands_before_a_forwarded_certificate()
    {
        var server = await StartForwardedAsync(
            options => options.TrustedProxies.Add("loopback"),
            app => app.MapGet("/either", Describe).RequireAuthorization(Schemes("SpiffeForwarded,SpiffeJwt", Everybody)),
            builder => builder.Services.AddAuthentication().AddSpiffeJwt(options => options.Audiences.Add("us")));
        using var agent = new WorkloadApiClient(WorkloadApiAddress.Parse(Agent.AddressOf("admin")));
        var token = (await agent.FetchJwtSvidsAsync("us", cancellationToken: Timeout))[0].Token;
        var client = await ForwardedAsync("client");

        Assert.Equal("Token /admin, peer", await AskAsync(server, "/either", [.. client, ("Authorization", $"Bearer {token}")]));
        Assert.Equal("Forwarded /client, peer", await AskAsync(server, "/either", client));
        Assert.StartsWith("401", await AskAsync(server, "/either", [.. client, ("Authorization", "Bearer no")]));
    }

    [Theory]
    [InlineData(false, "403", "Peer /admin, peer /admin")]
    [InlineData(true, "Forwarded /client, peer /admin", "403")]
    public async Task Words_mean_the_certificate_of_the_connection_unless_the_forwarded_one_counts_as_it(bool counts, string toClient, string toAdmin)
    {
        var server = await StartForwardedAsync(
            options =>
            {
                options.TrustedProxies.Add("spiffe://example.org/admin");
                options.CountsAsPeer = counts;
            },
            app =>
            {
                app.MapGet("/client", Describe).RequireSpiffe("spiffe://example.org/client");
                app.MapGet("/admin", Describe).RequireSpiffe("spiffe://example.org/admin");
            });
        using var proxy = await ClientAsync(server, "admin");
        var forwarded = await ForwardedAsync("client");

        Assert.Equal(toClient, await AskAsync(proxy, "/client", forwarded));
        Assert.Equal(toAdmin, await AskAsync(proxy, "/admin", forwarded));
        Assert.Equal("Peer /admin, peer /admin", await AskAsync(proxy, "/admin"));
        if (counts) Assert.Equal("401 Spiffe", await AskAsync(proxy, "/admin", ("Client-Cert", ":AAAA:")));
    }

    [Theory]
    [InlineData(false, "refused")]
    [InlineData(true, "done")]
    public async Task A_word_on_a_method_of_a_hub_means_the_same(bool counts, string answer)
    {
        var server = await StartForwardedAsync(
            options =>
            {
                options.TrustedProxies.Add("loopback");
                options.CountsAsPeer = counts;
            },
            app => app.MapHub<ClientHub>("/hub").RequireAuthorization(Schemes("SpiffeForwarded")),
            builder => builder.Services.AddSignalR());
        var forwarded = await ForwardedAsync("client");
        await using var connection = new HubConnectionBuilder().WithUrl(new Uri(AddressOf(server, "http"), "/hub"), HttpTransportType.LongPolling, options =>
        {
            foreach (var (name, value) in forwarded) options.Headers[name] = value;
        }).Build();
        await connection.StartAsync(Timeout);

        var error = await Record.ExceptionAsync(async () => Assert.Equal("done", await connection.InvokeAsync<string>("Word", Timeout)));
        Assert.Equal(answer == "refused", error is HubException);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_forwarded_certificate_that_counts_as_the_peer_yields_to_a_token_as_the_peer_does(bool routesFirst)
    {
        var server = await StartForwardedAsync(
            options =>
            {
                options.TrustedProxies.Add("loopback");
                options.CountsAsPeer = true;
            },
            app =>
            {
                if (routesFirst) app.UseRouting();
                app.UseAuthentication();
                if (!routesFirst) app.UseRouting();
                app.UseAuthorization();
                app.MapGet("/either", Describe).RequireAuthorization(Schemes("Spiffe,SpiffeJwt", Everybody));
            },
            builder => builder.Services.AddAuthentication().AddSpiffeJwt(options => options.Audiences.Add("us")));
        using var agent = new WorkloadApiClient(WorkloadApiAddress.Parse(Agent.AddressOf("admin")));
        var token = (await agent.FetchJwtSvidsAsync("us", cancellationToken: Timeout))[0].Token;
        var client = await ForwardedAsync("client");

        Assert.Equal("Forwarded /client, peer", await AskAsync(server, "/either", client));
        if (routesFirst) Assert.Equal("Token /admin, peer", await AskAsync(server, "/either", [.. client, ("Authorization", $"Bearer {token}")]));
        Assert.StartsWith(routesFirst ? "401" : "403", await AskAsync(server, "/either", [.. client, ("Authorization", "Bearer no")]));
    }

    [Fact]
    public async Task As_the_default_scheme_it_needs_no_name()
    {
        var builder = Builder(("urls", "http://127.0.0.1:0"));
        builder.Services.AddAuthentication().AddSpiffeForwarded(options => options.TrustedProxies.Add("loopback"));
        var server = await StartAsync(builder, app => app.MapGet("/client", Describe).RequireAuthorization("spiffe://example.org/client"));

        Assert.Equal("Forwarded /client, peer", await AskAsync(server, "/client", await ForwardedAsync("client")));
        Assert.Equal("403", await AskAsync(server, "/client", await ForwardedAsync("admin")));
        Assert.Equal("401 SpiffeForwarded", await AskAsync(server, "/client"));
    }

    [Fact]
    public async Task Events_may_refuse_and_hear_of_refusals()
    {
        List<string> heard = [];
        var server = await StartForwardedAsync(options =>
        {
            options.TrustedProxies.Add("loopback");
            options.Events = new()
            {
                OnAuthenticated = context =>
                {
                    if (context.Identity.Id.Path == "/client") context.Fail("Not today.");
                    return Task.CompletedTask;
                },
                OnAuthenticationFailed = context =>
                {
                    heard.Add(context.Problem);
                    return Task.CompletedTask;
                },
            };
        });

        Assert.Equal("401 SpiffeForwarded", await AskAsync(server, "/caller", await ForwardedAsync("client")));
        Assert.Equal("Forwarded /admin, peer", await AskAsync(server, "/caller", await ForwardedAsync("admin")));
        Assert.Equal("401 SpiffeForwarded", await AskAsync(server, "/caller", ("Client-Cert", "no")));
        Assert.Equal(["The forwarded certificate was rejected: Unreadable."], heard);
    }

    [Theory]
    [InlineData(null, "client", true)]
    [InlineData("spiffe://example.org/admin", "client", false)]
    [InlineData("spiffe://example.org/admin", "admin", true)]
    [InlineData("", "client", false)]
    public async Task Only_allowed_callers_may_be_forwarded(string? allowed, string workload, bool isAllowed)
    {
        var server = await StartForwardedAsync(options =>
        {
            options.TrustedProxies.Add("loopback");
            options.AllowedCallers = allowed switch { null => null, "" => [], _ => [allowed] };
        });

        Assert.Equal(isAllowed ? $"Forwarded /{workload}, peer" : "401 SpiffeForwarded", await AskAsync(server, "/caller", await ForwardedAsync(workload)));
        if (!isAllowed) Assert.Contains("Rejected a forwarded certificate: NotAllowed. It claimed spiffe://example.org/client", await RefusalAsync());
    }

    [Fact]
    public async Task Each_scheme_knows_its_own_proxies_and_their_header()
    {
        var server = await StartForwardedAsync(
            options => options.TrustedProxies.Add("loopback"),
            app => app.MapGet("/nginx", Describe).RequireAuthorization(Schemes("Nginx")),
            builder => builder.Services.AddAuthentication().AddSpiffeForwarded("Nginx", options =>
            {
                options.Format = ForwardedCertificateFormat.EscapedPem;
                options.TrustedProxies.Add("loopback");
            }));
        var (standard, nginx) = (await ForwardedAsync("client"), await ForwardedAsync("admin", ForwardedCertificateFormat.EscapedPem));

        Assert.Equal("Forwarded /client, peer", await AskAsync(server, "/caller", standard));
        Assert.Equal("401 SpiffeForwarded", await AskAsync(server, "/nginx", standard));
        Assert.Equal("Forwarded /admin, peer", await AskAsync(server, "/nginx", nginx));
        Assert.Equal("401 SpiffeForwarded", await AskAsync(server, "/caller", nginx));
        Assert.Equal("Forwarded /client, peer", await AskAsync(server, "/caller", [.. standard, .. nginx]));
    }

    [Fact]
    public async Task A_proxy_whose_SVID_has_expired_is_believed_no_longer()
    {
        var proxy = Peers.Create("/proxy");
        await using var server = await PeerServer.StartWithAsync(
            builder =>
            {
                builder.Configuration["Spiffe:EndpointSocket"] = Agent.AddressOf("server");
                builder.Services.AddAuthentication().AddSpiffeForwarded(options => options.TrustedProxies.Add("spiffe://example.org/proxy"));
            },
            app => app.MapGet("/", Describe),
            proxy);
        var forwarded = await ForwardedAsync("client");

        Assert.Equal("Forwarded /client, peer /proxy", await AskAsync(server.Http1, "/", forwarded));
        server.Time.Advance(proxy.ValidUntil - server.Time.GetUtcNow());
        Assert.Equal("nobody , peer /proxy", await AskAsync(server.Http1, "/", forwarded));
    }

    private static string ForwardedHeadersOf(Microsoft.AspNetCore.Http.HttpRequest request) => string.Join(' ', request.Headers.Keys.Where(name => name.Contains("cert", StringComparison.OrdinalIgnoreCase)).Order());

    private sealed class ClientHub : Hub
    {
        [RequireSpiffe("spiffe://example.org/client")]
        public string Word() => "done";
    }
}
