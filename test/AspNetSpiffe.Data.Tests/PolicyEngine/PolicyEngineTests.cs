using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.DataTests;

/// <summary>samples/PolicyEngine: a service that asks Casbin, in a process of its own, about the SPIFFE IDs of its callers.</summary>
public sealed class PolicyEngineTests(ITestOutputHelper output) : ProgramTest(output)
{
    private DevAgent _agent = null!;

    public override async ValueTask InitializeAsync()
    {
        var options = new DevAgentOptions { TrustDomain = TrustDomain.Parse("example.org"), Directory = Path.Combine(Folder, "agent") };
        options.AddWorkload("orders", "/orders").AddWorkload("policy", "/policy").AddWorkload("other", "/other").AddWorkload("shop", "/shop").AddWorkload("reporting", "/reporting/daily");
        _agent = Stopping(await DevAgent.StartAsync(options, Patience));
    }

    [Fact]
    public async Task The_engine_decides_by_SPIFFE_ID_and_takes_up_a_new_policy()
    {
        var (engine, address) = await StartEngineAsync("policy");
        var service = await StartServiceAsync(address);
        using var shop = await ClientAsync("shop", service.Address);
        using var reporting = await ClientAsync("reporting", service.Address);

        Assert.Equal("The orders, for spiffe://example.org/reporting/daily\n", await reporting.GetStringAsync("/orders", Patience));
        Assert.Equal(HttpStatusCode.Forbidden, (await reporting.PostAsync("/orders", null, Patience)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await shop.PostAsync("/orders", null, Patience)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await shop.GetAsync("/orders", Patience)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reporting.GetAsync("/invoices", Patience)).StatusCode);

        // Only the service may ask.
        using var asking = await ClientAsync("shop", address, "spiffe://example.org/policy");
        Assert.Equal(HttpStatusCode.Forbidden, (await asking.PostAsync("/v1/data/orders/allow", new StringContent("""{"input":{"caller":"spiffe://example.org/shop","method":"POST","path":"/orders"}}"""), Patience)).StatusCode);

        await File.WriteAllTextAsync(PolicyFile, "p, spiffe://example.org/shop, /orders, GET\n", Patience);
        await engine.ReloadAsync("reloaded", Patience);
        Assert.Equal(HttpStatusCode.OK, (await shop.GetAsync("/orders", Patience)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reporting.GetAsync("/orders", Patience)).StatusCode);

        File.Delete(PolicyFile);
        await engine.ReloadAsync("not reloaded", Patience);
        Assert.Equal(HttpStatusCode.OK, (await shop.GetAsync("/orders", Patience)).StatusCode);
    }

    [Fact]
    public async Task Without_a_decision_nobody_gets_in()
    {
        var (engine, address) = await StartEngineAsync("policy");
        var service = await StartServiceAsync(address);
        using var shop = await ClientAsync("shop", service.Address);
        Assert.Equal(HttpStatusCode.OK, (await shop.PostAsync("/orders", null, Patience)).StatusCode);

        await engine.KillAsync();
        Assert.Equal(HttpStatusCode.Forbidden, (await shop.PostAsync("/orders", null, Patience)).StatusCode);
        await service.Program.ReadUntilAsync("The policy engine gave no decision on spiffe://example.org/shop", Patience);
    }

    [Fact]
    public async Task An_engine_with_another_ID_decides_nothing()
    {
        var (_, address) = await StartEngineAsync("other");
        var service = await StartServiceAsync(address);
        using var shop = await ClientAsync("shop", service.Address);

        Assert.Equal(HttpStatusCode.Forbidden, (await shop.PostAsync("/orders", null, Patience)).StatusCode);
        await service.Program.ReadUntilAsync("Rejected a server in the TLS handshake: NotAllowed", Patience);
    }

    [Fact]
    public async Task Only_a_plain_yes_is_a_yes()
    {
        // An engine of any kind, whose answers are of the test's choice.
        (string? answer, var status) = ("""{"result":true}""", 200);
        var builder = WebApplication.CreateBuilder();
        builder.Configuration["Spiffe:EndpointSocket"] = _agent.AddressOf("policy");
        builder.WebHost.UseUrls("https://127.0.0.1:0");
        builder.WebHost.UseSpiffeMtls();
        await using var engine = builder.Build();
        engine.MapPost("/v1/data/orders/allow", async (HttpContext http) =>
        {
            if (answer is null) await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return Results.Text(answer, "application/json", statusCode: status);
        });
        await engine.StartAsync(Patience);

        var service = await StartServiceAsync(engine.Urls.Single());
        using var shop = await ClientAsync("shop", service.Address);
        Assert.Equal(HttpStatusCode.OK, (await shop.PostAsync("/orders", null, Patience)).StatusCode);
        foreach (var other in (string[])["{}", """{"result":null}""", """{"result":false}""", """{"result":"true"}""", """{"result":{"allow":true}}""", "true", ""])
        {
            answer = other;
            Assert.Equal(HttpStatusCode.Forbidden, (await shop.PostAsync("/orders", null, Patience)).StatusCode);
        }

        (answer, status) = ("""{"result":true}""", 500);
        Assert.Equal(HttpStatusCode.Forbidden, (await shop.PostAsync("/orders", null, Patience)).StatusCode);

        // None at all: the service waits for two seconds.
        answer = null;
        Assert.Equal(HttpStatusCode.Forbidden, (await shop.PostAsync("/orders", null, Patience)).StatusCode);
    }

    [Fact]
    public async Task The_engine_takes_up_a_renewed_SVID_and_answers_no_stranger()
    {
        var (engine, address) = await StartEngineAsync("policy");
        var before = await SerialAsync();
        _agent.Rotate("policy");
        await WriteAsync("policy");
        await engine.ReloadAsync("reloaded", Patience);
        Assert.NotEqual(before, await SerialAsync());

        // Its certificate says spiffe://example.org/orders too, but another authority has signed it.
        var options = new DevAgentOptions { TrustDomain = TrustDomain.Parse("example.org"), Directory = Path.Combine(Folder, "strangers") };
        var strangers = Stopping(await DevAgent.StartAsync(options.AddWorkload("orders", "/orders"), Patience));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(_agent));
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(strangers));

        async Task<string> SerialAsync()
        {
            using var connection = new TcpClient();
            await connection.ConnectAsync(IPAddress.Loopback, new Uri(address).Port, Patience);
            await using var tls = new SslStream(connection.GetStream());
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "policy.test", RemoteCertificateValidationCallback = static (_, _, _, _) => true }, Patience);
            return tls.RemoteCertificate!.GetSerialNumberString();
        }

        async Task<HttpStatusCode> AskAsync(DevAgent agent)
        {
            var source = Stopping(await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = agent.AddressOf("orders") }, Loggers, Patience));
            var svid = source.Current!.DefaultSvid;
            var certificate = SslStreamCertificateContext.Create(svid.Leaf, [.. svid.Intermediates], offline: true);
            using var client = new HttpClient(new SocketsHttpHandler { SslOptions = new() { ClientCertificateContext = certificate, RemoteCertificateValidationCallback = static (_, _, _, _) => true } });
            using var question = new StringContent("""{"input":{"caller":"spiffe://example.org/shop","method":"POST","path":"/orders"}}""");
            using var answer = await client.PostAsync($"{address}/v1/data/orders/allow", question, Patience);
            return answer.StatusCode;
        }
    }

    private string PolicyFile => Path.Combine(Folder, "policy.csv");

    private string SvidFolder => Path.Combine(Folder, "svid");

    private async Task<(PolicyProcess Engine, string Address)> StartEngineAsync(string workload)
    {
        File.Copy(Repository.PathOf("samples", "PolicyEngine", "engine", "policy.csv"), PolicyFile);
        await WriteAsync(workload);
        var engine = Stopping(new PolicyProcess(OutsideProgram.Start(
            "sh", "-c", "echo $$; exec node \"$@\"", "sh", Repository.PathOf("samples", "PolicyEngine", "engine", "engine.mjs"), SvidFolder, PolicyFile, "spiffe://example.org/orders", "0")));
        return (engine, await engine.StartedAsync(Patience));
    }

    private async Task WriteAsync(string workload)
    {
        await using var writer = BuiltProgram.Start(new() { ["SPIFFE_ENDPOINT_SOCKET"] = _agent.AddressOf(workload) }, "AspNetSpiffe.Cli", "aspnet-spiffe", "write", SvidFolder);
        Assert.Equal(0, (await writer.FinishAsync("", Patience)).ExitCode);
    }

    private async Task<(OutsideProgram Program, string Address)> StartServiceAsync(string engine)
    {
        var program = Stopping(BuiltProgram.Start(
            new() { ["SPIFFE_ENDPOINT_SOCKET"] = _agent.AddressOf("orders"), ["ASPNETCORE_URLS"] = "https://127.0.0.1:0", ["PolicyEngine__Address"] = engine }, "PolicyEngine", "policy-service"));
        var line = await program.ReadUntilAsync("Now listening on: ", Patience);
        return (program, line[line.IndexOf("https:", StringComparison.Ordinal)..]);
    }

    private async Task<HttpClient> ClientAsync(string workload, string address, string server = "spiffe://example.org/orders")
    {
        var source = Stopping(await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = _agent.AddressOf(workload) }, Loggers, Patience));
        return new(SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(server))) { BaseAddress = new Uri(address) };
    }

    /// <summary>The engine's process, which reads its policy again on SIGHUP.</summary>
    private sealed class PolicyProcess(OutsideProgram program) : IAsyncDisposable
    {
        private int _id;

        public async Task<string> StartedAsync(CancellationToken patience)
        {
            _id = int.Parse(await program.ReadLineAsync(patience), CultureInfo.InvariantCulture);
            var line = await program.ReadUntilAsync("listening on ", patience);
            return line[line.IndexOf("https:", StringComparison.Ordinal)..];
        }

        public async Task ReloadAsync(string answer, CancellationToken patience)
        {
            await OutsideProgram.RunAsync("kill", ["-HUP", _id.ToString(CultureInfo.InvariantCulture)], "", patience);
            await program.ReadUntilAsync(answer, patience);
        }

        public Task KillAsync() => program.KillAsync();

        public ValueTask DisposeAsync() => program.DisposeAsync();
    }
}
