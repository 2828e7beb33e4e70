using System.Net;
using System.Net.WebSockets;
using System.Text;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Tokens;

/// <summary>A request or a hub outlives its token: from then on the token speaks for nobody, with the leeway of the options and no more.</summary>
public sealed class TokenExpiryTests(ITestOutputHelper output) : TokenTest(output)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();

    [Theory, Trait("Trial", "M-09"), Trait("Spec", "JW-13")]
    [InlineData(0, JwtSvidValidation.Local)]
    [InlineData(30, JwtSvidValidation.Local)]
    [InlineData(60, JwtSvidValidation.Local)]
    [InlineData(30, JwtSvidValidation.Agent)]
    public async Task In_the_midst_of_a_request_a_token_ends_with_the_clock_skew(int skew, JwtSvidValidation validation)
    {
        var server = await StartAsync(skew, validation, app => app.MapGet("/long", async (HttpContext http, IAuthorizationService policies) =>
        {
            AdvanceTo(http.GetSpiffeToken()!.ExpiresAt.AddSeconds(skew) - Second);
            var before = (await policies.AuthorizeAsync(http.User, http, ClientId)).Succeeded;
            _time.Advance(2 * Second);
            var after = (await policies.AuthorizeAsync(http.User, http, ClientId)).Succeeded;
            return $"before {before}, after {after}";
        }).RequireAuthorization());
        using var client = PlainClient(server);

        Assert.Equal("before True, after False", (await SendAsync(client, "/long", await TokenAsync())).Body);
    }

    [Theory, Trait("Trial", "M-09"), Trait("Spec", "JW-13")]
    [InlineData(0, JwtSvidValidation.Local)]
    [InlineData(60, JwtSvidValidation.Local)]
    [InlineData(60, JwtSvidValidation.Agent)]
    public async Task A_token_makes_a_caller_until_its_end_and_the_clock_skew(int skew, JwtSvidValidation validation)
    {
        var server = await StartAsync(skew, validation, app => app.MapGet("/user", (HttpContext http) => Describe(http)).RequireAuthorization());
        using var client = PlainClient(server);
        var token = await TokenAsync();

        AdvanceTo(JwtSvidReader.Read(token).ExpiresAt.AddSeconds(skew) - Second);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/user", token));
        _time.Advance(2 * Second);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/user", token));
    }

    [Theory, Trait("Trial", "M-09"), Trait("Spec", "JW-13")]
    [InlineData(0)]
    [InlineData(60)]
    public async Task A_hub_serves_the_owner_of_a_token_until_its_end_and_the_clock_skew(int skew)
    {
        var server = await StartAsync(skew, JwtSvidValidation.Local, app => app.MapHub<TokenHub>("/hub"));
        var token = await TokenAsync();
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        await socket.ConnectAsync(new UriBuilder(AddressOf(server, "http")) { Scheme = "ws", Path = "/hub" }.Uri, Timeout);
        await AskAsync(socket, """{"protocol":"json","version":1}""");

        AdvanceTo(JwtSvidReader.Read(token).ExpiresAt.AddSeconds(skew) - Second);
        Assert.Contains("done for", await CallAsync(socket));
        _time.Advance(2 * Second);
        Assert.Contains("unauthorized", await CallAsync(socket));

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Timeout);
    }

    private Task<WebApplication> StartAsync(int skew, JwtSvidValidation validation, Action<WebApplication> map)
    {
        var builder = Builder(("urls", "http://127.0.0.1:0"));
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddSignalR();
        AddTokens(builder, options => (options.ClockSkew, options.Validation) = (TimeSpan.FromSeconds(skew), validation));
        return StartAsync(builder, app =>
        {
            app.UseWebSockets();
            map(app);
        });
    }

    private void AdvanceTo(DateTimeOffset moment) => _time.Advance(moment - _time.GetUtcNow());

    private Task<string> CallAsync(ClientWebSocket socket) => AskAsync(socket, """{"type":1,"invocationId":"1","target":"Call","arguments":[]}""");

    private async Task<string> AskAsync(ClientWebSocket socket, string json)
    {
        await socket.SendAsync(Encoding.UTF8.GetBytes(json + "\u001e"), WebSocketMessageType.Text, endOfMessage: true, Timeout);
        var answer = new byte[4096];
        while (true)
        {
            var received = await socket.ReceiveAsync(answer, Timeout);
            var text = Encoding.UTF8.GetString(answer, 0, received.Count);

            // 6 is a ping of the hub.
            if (text != "{\"type\":6}\u001e") return text;
        }
    }

    [Authorize]
    private sealed class TokenHub : Hub
    {
        [Authorize(ClientId)]
        public string Call() => $"done for {Context.UserIdentifier}";
    }
}
