using System.Globalization;
using System.Net;
using System.Text.Json;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.InteropTests;

/// <summary>Callers of Node.js, Python and .NET at full load, each of which keeps its connections until the server asks it to leave, while their SVIDs are renewed and expire.</summary>
[Collection(Alone.Name)]
public sealed class LongConnectionTests(ITestOutputHelper output) : InteropTest(output)
{
    private const string ServerId = "spiffe://example.org/server";

    // A caller is asked to leave a twelfth of it before the end at the latest: a busy machine must get to the next request sooner.
    private static readonly TimeSpan SvidLifetime = TimeSpan.FromSeconds(12);

    private static readonly int Rotations = int.Parse(Environment.GetEnvironmentVariable("LONG_CONNECTION_ROTATIONS") ?? "10", CultureInfo.InvariantCulture);

    private readonly ITestOutputHelper _output = output;
    private readonly Dictionary<string, Func<string, RenewedFiles, Task, CancellationToken, Task<LoadReport>>> _callers = new()
    {
        ["node-http1"] = Node("http1"),
        ["node-http2"] = Node("http2"),
        ["node-grpc"] = Node("grpc"),
        ["python-http1"] = Python("http1"),
        ["python-grpc"] = Python("grpc"),
        ["dotnet-http1"] = (authority, files, over, _) => DotNetLoad.HttpAsync(HttpVersion.Version11, authority, files.Folder, over),
        ["dotnet-http2"] = (authority, files, over, _) => DotNetLoad.HttpAsync(HttpVersion.Version20, authority, files.Folder, over),
        ["dotnet-grpc"] = (authority, files, over, _) => DotNetLoad.GrpcAsync(authority, files.Folder, over),
    };

    [Fact, Trait("Trial", "A-02")]
    public async Task Callers_at_full_load_that_keep_their_connections_past_their_own_rotations_see_no_refusal()
    {
        using var patience = new CancellationTokenSource((SvidLifetime / 2 * Rotations) + HangLimit.OfATest);
        var options = new DevAgentOptions { SvidLifetime = SvidLifetime }.AddWorkload("server", "/server");
        foreach (var caller in _callers.Keys) options.AddWorkload(caller, "/" + caller);
        var agent = await StartAgentAsync(options);
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(patience.Token);
        var files = new Dictionary<string, RenewedFiles>();
        foreach (var caller in _callers.Keys)
            files[caller] = await RenewedFiles.StartAsync(Path.Combine(Folder, caller), agent.AddressOf(caller), Rotations, watching.Token);
        var records = files.ToDictionary(f => "/" + f.Key, f => new ConnectionRecord(f.Value));
        var authority = await StartServerAsync(agent.AddressOf("server"), records);

        var over = Task.WhenAll(files.Values.Select(f => f.AllRenewals));
        var running = _callers.ToDictionary(c => c.Key, c => c.Value(authority, files[c.Key], over, patience.Token));
        await Task.WhenAll(running.Values);
        await watching.CancelAsync();

        foreach (var (caller, report) in running) Say(caller, await report, records["/" + caller]);
        Assert.All(running, caller => AssertServed(caller.Key, caller.Value.Result, records["/" + caller.Key]));
    }

    private void Say(string caller, LoadReport report, ConnectionRecord record)
    {
        var asked = Logs.All.Count(r => r.Event.Name == "PeerConnectionEnded" && r.Values["SpiffeId"]?.ToString() == "spiffe://example.org/" + caller);
        _output.WriteLine(
            $"{caller}: {report.Requests} requests, {report.Failures.Count} failed, {report.Unsent} unsent; {record.SerialNumbers} SVIDs over {record.Connections} connections, " +
            $"{asked} asked to close, {record.KeptPastRenewal} kept past a renewal");
    }

    private static void AssertServed(string caller, LoadReport report, ConnectionRecord record)
    {
        Assert.True(report.Failures.Count == 0, $"{caller}: {report.Failures.Count} of {report.Requests} requests failed: {string.Join("\n\n", report.Failures.Take(3))}");

        // What was tried again had not been here before.
        Assert.Equal(record.Requests, report.Requests);
        Assert.True(record.SerialNumbers >= Rotations / 3, $"{caller} has shown only {record.SerialNumbers} SVIDs.");
        Assert.True(record.KeptPastRenewal >= Rotations / 3, $"{caller} has kept only {record.KeptPastRenewal} connections past a renewal.");
    }

    private async Task<string> StartServerAsync(string socket, Dictionary<string, ConnectionRecord> records)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning).AddProvider(Logs);
        builder.Configuration["Spiffe:EndpointSocket"] = socket;
        builder.WebHost.UseUrls("https://127.0.0.1:0").UseSpiffeMtls();
        builder.Services.AddGrpc();
        var server = Stopping(builder.Build());
        server.Use((http, next) =>
        {
            records[http.Features.Get<ISpiffePeerFeature>()!.Peer!.Id.Path].Add(http);
            return next(http);
        });
        server.MapMethods("/load", ["GET", "POST"], (HttpContext http) => http.Request.Body.CopyToAsync(Stream.Null, http.RequestAborted));
        server.MapGrpcService<GreeterService>();
        await server.StartAsync(Patience);
        return new Uri(server.Urls.Single()).Authority;
    }

    private static Func<string, RenewedFiles, Task, CancellationToken, Task<LoadReport>> Node(string kind) => (authority, files, over, patience) =>
        RunAsync(OutsideProgram.Start(Tools.Node, Tools.NodeLoad, kind, authority, files.Folder, ServerId, Tools.GreeterProto), over, patience);

    private static Func<string, RenewedFiles, Task, CancellationToken, Task<LoadReport>> Python(string kind) => (authority, files, over, patience) =>
        RunAsync(OutsideProgram.Start(Tools.Python, Tools.PythonLoad, kind, authority, files.Folder, ServerId), over, patience);

    private static async Task<LoadReport> RunAsync(OutsideProgram program, Task over, CancellationToken patience)
    {
        await using (program)
        {
            await over;
            var result = await program.FinishAsync("", patience);
            Assert.True(result.ExitCode == 0, result.All);
            return JsonSerializer.Deserialize<LoadReport>(result.Output, JsonSerializerOptions.Web)!;
        }
    }
}
