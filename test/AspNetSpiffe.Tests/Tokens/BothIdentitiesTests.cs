using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Tokens;

/// <summary>A request may have a peer and a token; each policy means one of them, and GetSpiffeId() is the one that it means.</summary>
public sealed class BothIdentitiesTests(ITestOutputHelper output) : TokenTest(output)
{
    [Theory]
    [InlineData("client", null, "200 caller /client, peer /client, token -, user /client")]
    [InlineData("client", "client", "200 caller /client, peer /client, token -, user /client")]
    [InlineData("client", "admin", "200 caller /client, peer /client, token -, user /client")]
    [InlineData("client", "forged", "200 caller /client, peer /client, token -, user /client")]
    [InlineData("admin", "client", "403")]
    [InlineData("admin", null, "403")]
    public Task A_policy_that_names_no_scheme_means_the_peer_whatever_the_token(string peer, string? token, string expected) => AssertAsync("/peer", peer, token, expected);

    [Theory]
    [InlineData("client", null, "401 Bearer")]
    [InlineData("client", "forged", "401 Bearer error=\"invalid_token\"")]
    [InlineData("client", "admin", "403")]
    [InlineData("client", "client", "200 caller /client, peer /client, token /client, user /client")]
    [InlineData("admin", "client", "200 caller /client, peer /admin, token /client, user /client")]
    public Task A_policy_that_names_SpiffeJwt_means_the_token_whatever_the_peer(string peer, string? token, string expected) => AssertAsync("/token", peer, token, expected);

    [Theory]
    [InlineData("client", null, "200 caller /client, peer /client, token -, user /client")]
    [InlineData("admin", null, "403")]
    [InlineData("client", "admin", "403")]
    [InlineData("client", "forged", "401 Spiffe, Bearer error=\"invalid_token\"")]
    [InlineData("admin", "client", "200 caller /client, peer /admin, token /client, user /client")]
    public Task A_policy_that_names_both_schemes_means_the_token_where_there_is_one(string peer, string? token, string expected) => AssertAsync("/either", peer, token, expected);

    [Theory]
    [InlineData("client", null, "200 caller /client, peer /client, token -, user /client")]
    [InlineData("client", "forged", "401 Bearer error=\"invalid_token\", Spiffe")]
    [InlineData("admin", "client", "200 caller /client, peer /admin, token /client, user /client")]
    [InlineData("client", "admin", "403")]
    public Task Claims_are_those_of_the_one_caller(string peer, string? token, string expected) => AssertAsync("/claim", peer, token, expected);

    [Theory]
    [InlineData("client", "admin", "200 caller /admin, peer /client, token /admin, user /admin")]
    [InlineData("admin", "admin", "403")]
    [InlineData("client", "client", "403")]
    [InlineData("client", null, "401 Bearer")]
    public Task An_endpoint_can_ask_for_a_peer_and_for_a_token(string peer, string? token, string expected) => AssertAsync("/gateway", peer, token, expected);

    [Theory]
    [InlineData("client", "admin", "200 caller /client, peer /client, token /admin, user /client")]
    [InlineData("client", "forged", "200 caller /client, peer /client, token -, user /client")]
    public Task Asking_for_the_token_by_hand_changes_no_caller(string peer, string? token, string expected) => AssertAsync("/by-hand", peer, token, expected);

    [Theory]
    [InlineData("client", "client", "200 caller /client, peer /client, token /client, user /client")]
    [InlineData("admin", "client", "200 caller /client, peer /admin, token /client, user /client")]
    [InlineData("client", "forged", "401 Bearer error=\"invalid_token\"")]
    [InlineData("client", null, "401 Bearer")]
    [InlineData("client", "admin", "403")]
    public Task With_SpiffeJwt_as_the_default_a_policy_means_the_token(string peer, string? token, string expected) =>
        AssertAsync("/peer", peer, token, expected, builder => builder.Services.AddAuthentication("SpiffeJwt"));

    [Theory]
    [InlineData("client", "200 caller /client, peer -, token /client, user /client")]
    [InlineData("admin", "403")]
    [InlineData(null, "401 Bearer")]
    public async Task With_SpiffeJwt_as_the_default_a_policy_means_the_token_where_no_connection_speaks_SPIFFE_as_well(string? token, string expected)
    {
        var server = await StartMutualAsync(Map, builder =>
        {
            builder.Configuration["urls"] = "https://127.0.0.1:0;http://127.0.0.1:0";
            builder.Services.AddAuthentication("SpiffeJwt");
        });
        using var plain = PlainClient(server);
        Assert.Equal(expected, await AskAsync(plain, "/peer", token));
    }

    [Theory]
    [InlineData("/peer", "401 Spiffe")]
    [InlineData("/by-hand", "401 Spiffe")]
    [InlineData("/either", "200 caller /client, peer -, token /client, user /client")]
    public async Task Where_a_connection_does_not_speak_SPIFFE_a_token_does_not_stand_in_for_its_peer(string path, string expected)
    {
        var server = await StartMutualAsync(Map, builder => builder.Configuration["urls"] = "https://127.0.0.1:0;http://127.0.0.1:0");
        using var plain = PlainClient(server);
        Assert.Equal(expected, await AskAsync(plain, path, "client"));
        if (path == "/either") Assert.Equal("401 Spiffe, Bearer", await AskAsync(plain, path, null));
    }

    [Theory]
    [InlineData(null, "302 Bearer")]
    [InlineData("forged", "302 Bearer error=\"invalid_token\"")]
    [InlineData("client", "200 caller /client, peer /client, token /client, user /client")]
    public Task Beside_a_foreign_scheme_each_scheme_answers_in_its_turn(string? token, string expected) =>
        AssertAsync(
            "/mixed", "client", token, expected, builder => builder.Services.AddAuthentication("Cookies").AddCookie(),
            app => app.MapGet("/mixed", Describe).RequireAuthorization(new AuthorizeAttribute { AuthenticationSchemes = "SpiffeJwt,Cookies" }));

    [Theory]
    [InlineData("admin", "client", "401 Spiffe")]
    [InlineData("client", "client", "401 Spiffe")]
    [InlineData("client", null, "401 Spiffe")]
    public Task Where_the_scheme_Spiffe_forwards_to_tokens_no_token_stands_in_for_a_certificate(string peer, string? token, string expected) => AssertAsync(
        "/word", peer, token, expected,
        builder => builder.Services.Configure<SpiffeAuthenticationOptions>("Spiffe", options => options.ForwardAuthenticate = "SpiffeJwt"),
        app => app.MapGet("/word", Describe).RequireSpiffe(ClientId));

    [Theory]
    [InlineData("client", null, "200 caller /client, peer /client, token -, user /client")]
    [InlineData("client", "client", "403")]
    [InlineData("client", "admin", "403")]
    [InlineData("client", "forged", "403")]
    public Task Where_authentication_comes_before_routing_nobody_is_a_peer_and_a_token_at_once(string peer, string? token, string expected) => AssertAsync("/either", peer, token, expected, map: app =>
    {
        app.UseAuthentication();
        app.UseRouting();
        app.UseAuthorization();
        Map(app);
    });

    [Fact]
    public async Task A_word_in_an_application_that_knows_tokens_alone_fails_the_start()
    {
        AllowWarning("HostedServiceStartupFaulted");
        AllowWarning("");
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartPlainAsync(app => app.MapGet("/word", () => "").RequireSpiffe(ClientId)));
        Assert.Contains("/word", error.Message, StringComparison.Ordinal);
        Assert.Contains("this application does not verify peers", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_scheme_for_tokens_has_its_own_audience()
    {
        var builder = Builder(("urls", "http://127.0.0.1:0"));
        AddTokens(builder, null);
        builder.Services.AddAuthentication("SpiffeJwt").AddSpiffeJwt("Reports", "for reports", options => options.Audiences.Add("https://reports.example.org"));
        var server = await StartAsync(builder, app =>
        {
            app.MapGet("/orders", Describe).RequireAuthorization(ClientId);
            app.MapGet("/reports", Describe).RequireAuthorization(new AuthorizeAttribute(ClientId) { AuthenticationSchemes = "Reports" });
        });
        using var client = PlainClient(server);
        var (orders, reports) = (await TokenAsync(), await TokenAsync(audience: "https://reports.example.org"));
        const string caller = "caller /client, peer -, token /client, user /client";
        Assert.Equal((HttpStatusCode.OK, caller, ""), await SendAsync(client, "/orders", orders));
        Assert.Equal((HttpStatusCode.OK, caller, ""), await SendAsync(client, "/reports", reports));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/orders", reports));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/reports", orders));
    }

    [Fact]
    public async Task Two_schemes_that_are_challenged_are_both_in_the_answer()
    {
        var server = await StartMutualAsync(app => app.MapGet("/challenge", () => Results.Challenge(authenticationSchemes: ["SpiffeJwt", "Spiffe"])));
        using var client = await ClientAsync(server);
        Assert.Equal("401 Bearer, Spiffe", await AskAsync(client, "/challenge", null));
        Assert.Equal("401 Bearer error=\"invalid_token\", Spiffe", await AskAsync(client, "/challenge", "forged"));
    }

    [Theory]
    [InlineData("Call", "client", "client", "done")]
    [InlineData("Call", "admin", "client", "done")]
    [InlineData("Call", "client", "admin", "unauthorized")]
    [InlineData("Word", "client", "admin", "done")]
    [InlineData("Word", "admin", "client", "unauthorized")]
    public async Task A_policy_of_a_method_means_whom_its_hub_means_and_a_word_means_the_certificate(string method, string peer, string token, string expected)
    {
        var server = await StartMutualAsync(
            app =>
            {
                app.UseWebSockets();
                app.MapHub<TokenHub>("/hub");
            },
            builder => builder.Services.AddSignalR());
        using var handler = AnyServer((await SourceAsync(peer)).Current!.DefaultSvid);
        using var invoker = new HttpMessageInvoker(handler);
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {await MakeAsync(token)}");
        await socket.ConnectAsync(new UriBuilder(AddressOf(server)) { Scheme = "wss", Path = "/hub" }.Uri, invoker, Timeout);

        await SendAsync("""{"protocol":"json","version":1}""");
        await ReceiveAsync();
        await SendAsync($$"""{"type":1,"invocationId":"1","target":"{{method}}","arguments":[]}""");
        Assert.Contains(expected, await ReceiveAsync());

        // It waits for its hubs, which a connection that breaks does not.
        await server.StopAsync(Timeout);

        Task SendAsync(string message) => socket.SendAsync(Encoding.UTF8.GetBytes(message + '\u001e'), WebSocketMessageType.Text, true, Timeout);

        async Task<string> ReceiveAsync()
        {
            var buffer = new byte[4096];
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer, Timeout);
                if (Encoding.UTF8.GetString(buffer, 0, received.Count) is var message && !message.Contains("\"type\":6", StringComparison.Ordinal)) return message;
            }
        }
    }

    private static void Map(WebApplication app)
    {
        app.MapMethods("/peer", ["GET", "POST"], Describe).RequireAuthorization(ClientId);
        app.MapMethods("/token", ["GET", "POST"], Describe).RequireAuthorization(new AuthorizeAttribute(ClientId) { AuthenticationSchemes = "SpiffeJwt" });
        app.MapGet("/either", Describe).RequireAuthorization(new AuthorizeAttribute(ClientId) { AuthenticationSchemes = "Spiffe, SpiffeJwt" });
        app.MapGet("/claim", Describe).RequireAuthorization(policy => policy.AddAuthenticationSchemes("SpiffeJwt", "Spiffe").RequireClaim(SpiffeClaimTypes.Path, "/client"));
        app.MapGet("/gateway", Describe).RequireSpiffe(ClientId).RequireAuthorization(new AuthorizeAttribute(AdminId) { AuthenticationSchemes = "SpiffeJwt" });
        app.MapGet("/by-hand", async (HttpContext http, IAuthorizationService service, CancellationToken _) =>
        {
            await Microsoft.AspNetCore.Authentication.AuthenticationHttpContextExtensions.AuthenticateAsync(http, "SpiffeJwt");
            return (await service.AuthorizeAsync(http.User, http, ClientId)).Succeeded ? Results.Text(Describe(http)) : Results.Challenge(authenticationSchemes: ["Spiffe"]);
        });
    }

    [Authorize(AuthenticationSchemes = "SpiffeJwt")]
    private sealed class TokenHub : Hub
    {
        [Authorize(AuthenticationSchemes = "SpiffeJwt", Policy = ClientId)]
        public string Call() => $"done for {Context.UserIdentifier}";

        [RequireSpiffe(ClientId)]
        public string Word() => "done";
    }

    private async Task AssertAsync(string path, string peer, string? token, string expected, Action<WebApplicationBuilder>? configure = null, Action<WebApplication>? map = null)
    {
        var server = await StartMutualAsync(map ?? Map, configure);
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(await SourceAsync(peer), SpiffeIdPattern.Parse(Expected), handler => handler.AllowAutoRedirect = false));
        Assert.Equal(expected, await AskAsync(client, path, token));
    }

    private async Task<string> AskAsync(HttpClient client, string path, string? token)
    {
        var (status, body, challenge) = await SendAsync(client, path, token is null ? null : await MakeAsync(token));
        return status == HttpStatusCode.OK ? $"200 {body}" : $"{(int)status} {challenge}".TrimEnd();
    }

    private async Task<string> MakeAsync(string token) => token == "forged" ? Forge(await TokenAsync()) : await TokenAsync(token);
}
