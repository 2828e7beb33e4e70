using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Authorization;

/// <summary>A hub and its methods know their caller whatever carries the messages.</summary>
public sealed class HubTransportTests
{
    public static TheoryData<HttpTransportType> Transports => [HttpTransportType.WebSockets, HttpTransportType.ServerSentEvents, HttpTransportType.LongPolling];

    [Theory, Trait("Trial", "K-04"), MemberData(nameof(Transports))]
    public async Task A_method_of_a_hub_sees_its_caller_and_answers_whom_it_is_for(HttpTransportType transport)
    {
        await using var server = await StartAsync();
        Assert.Equal(["spiffe://example.org/ns/shop/sa/web", "done", "done"], await CallAsync(server, Peers.Web, transport, "/hub"));
        Assert.Equal(["spiffe://example.org/ops/alice", "refused", "refused"], await CallAsync(server, Peers.Ops, transport, "/hub"));
        Assert.Equal(["nobody", "refused", "refused"], await CallAsync(server, null, transport, "/hub"));
    }

    [Theory, Trait("Trial", "K-04"), MemberData(nameof(Transports))]
    public async Task A_hub_is_entered_only_by_whom_a_word_is_for(HttpTransportType transport)
    {
        await using var server = await StartAsync();
        Assert.Equal(["spiffe://example.org/ns/shop/sa/web", "done", "done"], await CallAsync(server, Peers.Web, transport, "/guarded"));
        foreach (var peer in new[] { Peers.Ops, null }) await Assert.ThrowsAnyAsync<HttpRequestException>(() => CallAsync(server, peer, transport, "/guarded"));
    }

    [Theory, Trait("Trial", "K-04"), MemberData(nameof(Transports))]
    public async Task Beside_users_of_another_scheme_a_hub_with_a_word_sees_the_peer_in_its_user(HttpTransportType transport)
    {
        await using var server = await StartAsync(services => services.AddAuthentication("User").AddScheme<UserOptions, UserHandler>("User", user => user.EverybodyIsAlice = true));
        Assert.Equal(["spiffe://example.org/ns/shop/sa/web", "done", "done"], await CallAsync(server, Peers.Web, transport, "/guarded"));
    }

    [Theory, MemberData(nameof(Transports))]
    public async Task A_method_is_for_nobody_whose_proof_has_expired_since_the_hub_was_entered(HttpTransportType transport)
    {
        await using var server = await StartAsync();
        var expires = () => server.Time.Advance(Peers.Web.ValidUntil - server.Time.GetUtcNow());
        Assert.Equal(["spiffe://example.org/ns/shop/sa/web", "refused", "refused"], await CallAsync(server, Peers.Web, transport, "/hub", expires));
    }

    private static Task<PeerServer> StartAsync(Action<IServiceCollection>? configure = null) => PeerServer.StartWithAsync(
        builder =>
        {
            builder.Services.AddSpiffeServerSecurity().AddSignalR();
            configure?.Invoke(builder.Services);
        },
        app =>
        {
            if (configure is null) app.MapHub<OpenHub>("/hub");
            app.MapHub<PeerHub>("/guarded").RequireSpiffe("spiffe://example.org/ns/shop/sa/web");
        });

    private static async Task<string[]> CallAsync(PeerServer server, SpiffePeer? peer, HttpTransportType transport, string hub, Action? entered = null)
    {
        using var patience = new CancellationTokenSource(HangLimit.OfATest);
        server.Peer = peer;
        await using var connection = new HubConnectionBuilder().WithUrl(new Uri(server.Http1.BaseAddress!, hub), transport).Build();
        await connection.StartAsync(patience.Token);
        entered?.Invoke();
        return [await connection.InvokeAsync<string>("Caller", patience.Token), await AskAsync("Policy"), await AskAsync("Attribute")];

        async Task<string> AskAsync(string method)
        {
            try
            {
                return await connection.InvokeAsync<string>(method, patience.Token);
            }
            catch (HubException e) when (e.Message.Contains("unauthorized", StringComparison.Ordinal))
            {
                return "refused";
            }
        }
    }
}
