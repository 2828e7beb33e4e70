using AspNetSpiffe.TestKit;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.InteropTests;

/// <summary>What our server is to a gRPC client that shares no code with it and presents an SVID.</summary>
public abstract class ForeignCallerContract(ITestOutputHelper output) : GreeterTest(output)
{
    private readonly GreeterService _greeter = new();
    private string _secure = "";
    private string _plain = "";

    private protected abstract OutsideProgram StartClient(string address, string method, string names, params string[] identity);

    public static TheoryData<string> GuardedMethods => ["RepeatHello", "HelloToAll", "Chat"];

    public static TheoryData<string> AllMethods => ["SayHello", "RepeatHello", "HelloToAll", "Chat"];

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(Logs);
        builder.Configuration["Spiffe:EndpointSocket"] = Agent.AddressOf("server");
        builder.WebHost.UseUrls("https://127.0.0.1:0", "http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(o => o.Protocols = HttpProtocols.Http2));
        builder.WebHost.UseSpiffeMtls(options =>
        {
            options.AllowedPeers = [CallerId, GuestId];
        });
        builder.Services.AddSingleton(_greeter).AddGrpc();
        var server = Stopping(builder.Build());
        server.MapGrpcService<GreeterService>();
        await server.StartAsync(Patience);
        _secure = AddressOf(server, "https:");
        _plain = AddressOf(server, "http:");
    }

    [Theory, MemberData(nameof(Methods))]
    public async Task Each_kind_of_call_is_answered(string method, string[] names, string[] replies)
    {
        await using var call = Call(_secure, method, names, await WriteFilesAsync("caller"), ServerId);

        foreach (var reply in replies) Assert.Equal(reply, (string)(await call.ReadMessageAsync(Patience))!);
        Assert.Equal(0, (await call.ReadStatusAsync(Patience)).Code);
        Assert.Equal([$"{method} {CallerId}"], _greeter.Calls);
    }

    [Fact]
    public async Task A_caller_is_known_by_the_files_that_the_command_line_writes()
    {
        var folder = Path.Combine(Folder, "written");
        await using var fetch = BuiltProgram.Start([], "AspNetSpiffe.Cli", "aspnet-spiffe", "fetch", "x509", "--socket", Agent.AddressOf("caller"), "--write", folder);
        var fetched = await fetch.FinishAsync("", Patience);
        Assert.True(fetched.ExitCode == 0, fetched.All);

        await using var call = Call(_secure, "SayHello", ["Ada"], folder, ServerId);
        Assert.Equal("Hello, Ada.", (string)(await call.ReadMessageAsync(Patience))!);
        Assert.Equal([$"SayHello {CallerId}"], _greeter.Calls);
    }

    [Theory, MemberData(nameof(GuardedMethods))]
    public async Task A_method_that_is_for_somebody_else_answers_PermissionDenied(string method)
    {
        await using var call = Call(_secure, method, ["Ada"], await WriteFilesAsync("guest"), ServerId);

        Assert.Equal(PermissionDenied, (await call.ReadStatusAsync(Patience)).Code);
        Assert.Empty(_greeter.Calls);
    }

    [Fact]
    public async Task A_method_that_is_for_all_answers_a_caller_who_is_refused_elsewhere()
    {
        await using var call = Call(_secure, "SayHello", ["Ada"], await WriteFilesAsync("guest"), ServerId);

        Assert.Equal("Hello, Ada.", (string)(await call.ReadMessageAsync(Patience))!);
        Assert.Equal([$"SayHello {GuestId}"], _greeter.Calls);
    }

    [Theory, MemberData(nameof(AllMethods))]
    public async Task A_caller_without_identity_gets_Unauthenticated(string method)
    {
        await using var call = Call(_plain, method, ["Ada"]);

        Assert.Equal(Unauthenticated, (await call.ReadStatusAsync(Patience)).Code);
        Assert.Empty(_greeter.Calls);
    }

    [Fact]
    public async Task A_caller_of_an_unknown_trust_domain_is_refused_at_the_handshake()
    {
        await using var call = Call(_secure, "SayHello", ["Ada"], await WriteFilesOfStrangerAsync("caller"), ServerId);

        await AssertRefusedAsync(call, RejectionReason.UnknownTrustDomain, "spiffe://elsewhere.test/caller");
    }

    [Fact]
    public async Task A_caller_who_is_not_allowed_is_refused_at_the_handshake()
    {
        await using var call = Call(_secure, "SayHello", ["Ada"], await WriteFilesAsync("outsider"), ServerId);

        await AssertRefusedAsync(call, RejectionReason.NotAllowed, "spiffe://example.org/outsider");
    }

    [Theory]
    [InlineData("spiffe://example.org/database")]
    [InlineData("spiffe://example.org/serve")]
    [InlineData("spiffe://example.org/server/x")]
    [InlineData("spiffe://elsewhere.test/server")]
    public async Task A_caller_who_means_another_server_ends_the_call_at_the_handshake(string expectedServer)
    {
        await using var call = Call(_secure, "SayHello", ["Ada"], await WriteFilesAsync("caller"), expectedServer);

        var (code, details) = await call.ReadStatusAsync(Patience);
        Assert.Equal(Unavailable, code);
        Assert.Contains(expectedServer, details, StringComparison.Ordinal);
        Assert.Empty(_greeter.Calls);
    }

    private async Task AssertRefusedAsync(ForeignCall call, RejectionReason reason, string claimedId)
    {
        Assert.Equal(Unavailable, (await call.ReadStatusAsync(Patience)).Code);
        var refusal = await WaitForAsync("PeerRefused", Patience);
        Assert.Equal(reason, refusal.Values["Reason"]);
        Assert.Equal(claimedId, refusal.Values["SpiffeId"]);
        Assert.Empty(_greeter.Calls);
    }

    private ForeignCall Call(string address, string method, string[] names, params string[] identity) =>
        new(StartClient(address, method, JsonSerializer.Serialize(names), identity));

    private static string AddressOf(WebApplication server, string scheme) => new Uri(server.Urls.Single(url => url.StartsWith(scheme, StringComparison.Ordinal))).Authority;
}
