using System.Globalization;
using System.Net;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Tokens;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Principal;

/// <summary>docs/which-caller.md says for each endpoint, request and default scheme who calls; each cell is asked here.</summary>
/// <remarks>To accept a change: <c>ACCEPT_PAGES=1 dotnet test --filter WhichCaller</c>, then review and commit the page.</remarks>
public sealed class WhichCallerTests(ITestOutputHelper output) : TokenTest(output), ISpiffePeerFeature
{
    private static readonly SpiffePeer PeerA = Peers.Create("/client");
    private static readonly SpiffePeer PeerB = Peers.Create("/admin");
    private static readonly SpiffePeer ExpiredA = Peers.CreateExpired("/client");

    private static readonly (string Text, bool Speaks, SpiffePeer? Peer, string? Token, bool IsUser)[] Requests =
    [
        ("plain", false, null, null, false),
        ("no peer", true, null, null, false),
        ("A", true, PeerA, null, false),
        ("B", true, PeerB, null, false),
        ("A expired", true, ExpiredA, null, false),
        ("plain, token A", false, null, "client", false),
        ("token A", true, null, "client", false),
        ("token B", true, null, "admin", false),
        ("invalid token", true, null, "bad", false),
        ("A, token A", true, PeerA, "client", false),
        ("A, token B", true, PeerA, "admin", false),
        ("B, token A", true, PeerB, "client", false),
        ("A, invalid token", true, PeerA, "bad", false),
        ("A expired, token A", true, ExpiredA, "client", false),
        ("user", true, null, null, true),
        ("A, user", true, PeerA, null, true),
        ("B, user", true, PeerB, null, true),
    ];

    private SpiffePeer? _peer;

    SpiffePeer? ISpiffePeerFeature.Peer => _peer;

    [Theory]
    [InlineData("The default scheme is Spiffe", "Spiffe", null)]
    [InlineData("The default scheme is SpiffeJwt", "SpiffeJwt", null)]
    [InlineData("The default scheme is one of users", "User", null)]
    [InlineData("The default scheme is Cookies", "Cookies", null)]
    [InlineData("The default scheme is Spiffe, the fallback policy A", "Spiffe", CallerEndpoint.A)]
    [InlineData("The default scheme is one of users, the fallback policy an authenticated one", "User", "authenticated")]
    public async Task Each_cell_of_the_page_is_what_a_request_gets(string title, string scheme, string? fallback)
    {
        AllowWarning("RequirementLifted");
        AllowWarning("HostedServiceStartupFaulted");
        AllowWarning("");
        var rows = new List<string> { Row("endpoint", Requests.Select(request => request.Text)), Row("---", Requests.Select(_ => "---")) };
        var isForeign = scheme is "User" or "Cookies";
        var served = CallerEndpoint.All.Where(endpoint => !(isForeign && endpoint.NamesNoScheme)).ToArray();
        var server = await StartAsync(scheme, fallback, served);
        foreach (var endpoint in CallerEndpoint.All)
        {
            if (served.Contains(endpoint)) rows.Add(Row(endpoint.Text, await AskAsync(server, Array.IndexOf(served, endpoint))));
            else
            {
                Assert.Contains("so no caller could meet it", (await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(scheme, fallback, [endpoint]))).Message, StringComparison.Ordinal);
                rows.Add(Row(endpoint.Text, ["the start fails"]));
            }
        }

        AssertPage(title, string.Join('\n', rows));
    }

    private static string Row(string first, IEnumerable<string> cells) => $"| {first} | {string.Join(" | ", cells)} |";

    private static void AssertPage(string title, string table)
    {
        var file = Repository.PathOf("docs", "which-caller.md");
        var page = File.ReadAllText(file);
        var start = page.IndexOf($"## {title}\n\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"The page has no section '{title}'.");
        start += title.Length + 5;
        var end = page.IndexOf("\n\n", start, StringComparison.Ordinal) is >= 0 and var found ? found : page.TrimEnd().Length;
        if (Environment.GetEnvironmentVariable("ACCEPT_PAGES") == "1") File.WriteAllText(file, page[..start] + table + page[end..]);
        else Assert.Equal(table, page[start..end]);
    }

    private async Task<List<string>> AskAsync(WebApplication server, int endpoint)
    {
        var addresses = server.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.ToArray();
        var cells = new List<string>();
        foreach (var (_, speaks, peer, token, isUser) in Requests)
        {
            _peer = peer;
            using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new(addresses[speaks ? 0 : 1]) };
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/{endpoint}");
            if (token is not null) request.Headers.Authorization = new("Bearer", token == "bad" ? Forge(await TokenAsync("client")) : await TokenAsync(token));
            if (isUser) request.Headers.Add("X-User", "alice");
            using var response = await client.SendAsync(request, Timeout);
            cells.Add(response.StatusCode == HttpStatusCode.OK ? await response.Content.ReadAsStringAsync(Timeout) : ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture));
        }

        return cells;
    }

    private Task<WebApplication> StartAsync(string scheme, string? fallback, CallerEndpoint[] endpoints)
    {
        var builder = Builder();
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Services.AddSpiffeServerSecurity();
        builder.Services.AddAuthentication(scheme).AddCookie().AddScheme<UserOptions, UserHandler>("User", null);
        AddTokens(builder, null);
        builder.Services.AddAuthorizationBuilder()
            .AddPolicy("Own", policy => policy.RequireSpiffe(CallerEndpoint.A))
            .AddPolicy("OwnToken", policy => policy.AddAuthenticationSchemes("SpiffeJwt").RequireSpiffe(CallerEndpoint.A));
        if (fallback is "authenticated") builder.Services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        else if (fallback is not null) builder.Services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireSpiffe(fallback).Build());
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Use(next => connection =>
            {
                connection.Features.Set<ISpiffePeerFeature>(this);
                return next(connection);
            }));
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        return StartAsync(builder, app =>
        {
            app.UseRouting();
            app.UseAuthentication();
            foreach (var (i, endpoint) in endpoints.Index())
                if (endpoint.IsInPipeline) app.UseWhen(http => http.Request.Path == $"/{i}", branch => branch.RequireSpiffe(CallerEndpoint.A));
            app.UseAuthorization();
            foreach (var (i, endpoint) in endpoints.Index()) endpoint.Map(app.MapGroup($"/{i}"));
        });
    }
}
