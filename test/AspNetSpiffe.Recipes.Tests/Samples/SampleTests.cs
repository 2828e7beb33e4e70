using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.RecipeTests;

/// <summary>The samples, each program a process of its own, by the commands of their READMEs: only folders and ports are the test's.</summary>
public sealed partial class SampleTests(ITestOutputHelper output) : ProgramTest(output)
{
    [Fact]
    public async Task The_gateway_leads_to_a_service_that_knows_its_caller()
    {
        await StartAgentAsync("Gateway", "other.sock");
        var orders = await AddressAsync(Run("Gateway", 1, [AnyPort]));
        var gateway = await StartGatewayAsync(orders);

        foreach (var more in (string[][])[[], ["-H", "Client-Cert: :AAAA:"]])
        {
            var answer = await RunAsync(Stopping(Command("Gateway", 3, ("https://localhost:9443", gateway)).Start([], more)));
            Assert.Equal((0, BlockOf("Gateway", "text")), (answer.ExitCode, answer.Output));
        }

        Assert.Equal(4, (await RequestAsync("other", $"{gateway}/orders/4711", "spiffe://example.org/gateway")).ExitCode);
        Assert.Equal(1, (await RequestAsync("client", $"{orders}/orders/4711", "spiffe://example.org/orders")).ExitCode);
    }

    // Either of the two would do: each is asked without the other.
    [Fact]
    public async Task The_gateway_and_its_service_each_know_whom_the_orders_are_for()
    {
        await StartAgentAsync("Gateway", "other.sock");
        var service = Run("Gateway", 1, [AnyPort]);
        var orders = await AddressAsync(service);
        var open = await StartGatewayAsync(orders, "--ReverseProxy:Routes:orders:AuthorizationPolicy=spiffe://example.org/**");
        Assert.Contains("403 Forbidden", (await RequestAsync("other", $"{open}/orders/4711", "spiffe://example.org/gateway")).Errors, StringComparison.Ordinal);

        var gateway = await StartGatewayAsync(orders);
        await service.KillAsync();
        Assert.Contains("403 Forbidden", (await RequestAsync("other", $"{gateway}/orders/4711", "spiffe://example.org/gateway")).Errors, StringComparison.Ordinal);
        Assert.Contains("502 Bad Gateway", (await RequestAsync("client", $"{gateway}/orders/4711", "spiffe://example.org/gateway")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_gateway_calls_no_other_service_than_that_of_the_orders()
    {
        await StartAgentAsync("Gateway", "other.sock");
        var gateway = await StartGatewayAsync(await AddressAsync(Run("Gateway", 1, [AnyPort, ("SPIFFE_ENDPOINT_SOCKET", SocketOf("other"))])));
        Assert.Contains("502 Bad Gateway", (await RequestAsync("client", $"{gateway}/orders/4711", "spiffe://example.org/gateway")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_client_of_the_chat_prints_what_the_README_shows()
    {
        await StartAgentAsync("Chat", "moderator.sock");
        var server = await AddressAsync(Run("Chat", 1, [AnyPort]));

        var client = await RunAsync(Run("Chat", 2, [("SERVER_URL", server)]));
        Assert.Equal((0, BlockOf("Chat", "text")), (client.ExitCode, client.Output));
        var moderator = await RunAsync(Run("Chat", 2, [("SERVER_URL", server), ("SPIFFE_ENDPOINT_SOCKET", SocketOf("moderator"))]));
        Assert.Equal(3, moderator.Output.Split("Clear: done").Length - 1);
        var mistaken = await RunAsync(Run("Chat", 2, [("SERVER_URL", server), ("EXPECTED_SERVER_ID", "spiffe://example.org/database")]));
        Assert.Equal(1, mistaken.ExitCode);
        Assert.StartsWith(BlockOf("Chat", "text", 1).TrimEnd(), mistaken.Errors, StringComparison.Ordinal);
    }

    // The document was written when the sample was built: nothing is running here.
    [Fact]
    public async Task The_build_has_written_the_OpenAPI_document_that_the_README_shows()
    {
        var document = JsonNode.Parse(await File.ReadAllTextAsync(Repository.PathOf("artifacts", "openapi", "OpenApi.json"), Patience))!;
        Assert.Equal(BlockOf("OpenApi", "json"), Show(document["components"]!["securitySchemes"]!));
        Assert.Equal(BlockOf("OpenApi", "json", 1), Show(Secured(document, "/orders")));
        Assert.Equal("""{"security":[{"mutualTls":[]}],"x-spiffe-callers":["spiffe://example.org/ns/reporting/**"]}""", Secured(document, "/reports").ToJsonString(Plain));
        Assert.Equal("""{"security":[{"mutualTls":[]}]}""", Secured(document, "/hello").ToJsonString(Plain));
        Assert.DoesNotContain(document["paths"]!["/hello"]!["get"]!.AsObject(), static member => member.Key is "parameters" or "requestBody");
        Assert.All((string[])["/hello", "/reports", "/orders"], path => Assert.Equal(["200", "401", "403"], document["paths"]![path]!["get"]!["responses"]!.AsObject().Select(static response => response.Key)));
    }

    [Fact]
    public async Task The_application_with_the_OpenAPI_document_asks_what_the_document_says()
    {
        await StartAgentAsync("OpenApi", "client.sock", block: 1);
        var server = await AddressAsync(Run("OpenApi", 2, [AnyPort]));
        async Task<int> CodeAsync(string path) => (await RequestAsync("client", server + path, "spiffe://example.org/server")).ExitCode;

        Assert.Equal((0, 4, 4), (await CodeAsync("/hello"), await CodeAsync("/reports"), await CodeAsync("/orders")));
        Assert.Equal(0, (await RunAsync(Stopping(Command("OpenApi", 3, ("https://localhost:8443", server)).Start([])))).ExitCode);
    }

    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Readable = new(Plain) { WriteIndented = true, NewLine = "\n" };

    private static string Show(JsonNode node) => node.ToJsonString(Readable) + "\n";

    private static JsonObject Secured(JsonNode document, string path)
    {
        var operation = document["paths"]![path]!["get"]!.AsObject();
        return new(operation.Where(static member => member.Key is "security" or "x-spiffe-callers").Select(static member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())));
    }

    private static (string, string?) AnyPort => ("SERVER_URL", "https://127.0.0.1:0");

    private string SocketOf(string workload) => $"unix://{Folder}/agent/{workload}.sock";

    /// <summary>Starts the agent by the command of the README, and waits until its last workload has a socket.</summary>
    private async Task StartAgentAsync(string sample, string last, int block = 0) => await Run(sample, block, []).ReadUntilAsync(last, Patience);

    private PageCommand Command(string sample, int block, params (string, string)[] replaced) =>
        PageCommand.Read($"samples/{sample}/README.md", block, [("/tmp/spiffe", Path.Combine(Folder, "agent")), .. replaced]);

    private OutsideProgram Run(string sample, int block, (string, string?)[] variables, params string[] more) =>
        Stopping(Command(sample, block).Start([("DOTNET_ENVIRONMENT", null), ("ASPNETCORE_ENVIRONMENT", null), ("ASPNETCORE_URLS", null), .. variables], more));

    private Task<string> StartGatewayAsync(string service, params string[] more) =>
        AddressAsync(Run("Gateway", 2, [], ["--urls", "https://127.0.0.1:0", $"--ReverseProxy:Clusters:orders:Destinations:one:Address={service}", .. more]));

    private Task<ProgramResult> RequestAsync(string workload, string address, string expected) =>
        RunAsync(Stopping(BuiltProgram.Start(new() { ["SPIFFE_ENDPOINT_SOCKET"] = SocketOf(workload) }, "AspNetSpiffe.Cli", "aspnet-spiffe", "request", address, "--expect", expected)));

    private Task<ProgramResult> RunAsync(OutsideProgram program) => program.FinishAsync("", Patience);

    private async Task<string> AddressAsync(OutsideProgram program) => Listening().Match(await program.ReadUntilAsync("listening on: https", Patience)).Groups[1].Value;

    private static string BlockOf(string sample, string language, int index = 0) =>
        Regex.Matches(File.ReadAllText(Repository.PathOf("samples", sample, "README.md")), $"```{language}\n(.*?)```", RegexOptions.Singleline)[index].Groups[1].Value;

    [GeneratedRegex("(https://.+)$")]
    private static partial Regex Listening();
}
