using AspNetSpiffe.TestKit;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace AspNetSpiffe.InteropTests;

/// <summary>What the development agent must be to a gRPC client that shares no code with it.</summary>
public abstract class DevAgentContract(ITestOutputHelper output) : InteropTest(output)
{
    private const int Cancelled = 1;
    private const int InvalidArgument = 3;
    private const int PermissionDenied = 7;
    private const int Unavailable = 14;
    private const string Web = "spiffe://example.org/web";

    public static TheoryData<string, string> Calls => new()
    {
        { "FetchX509SVID", "{}" },
        { "FetchX509Bundles", "{}" },
        { "FetchJWTSVID", """{"audience":["orders"]}""" },
        { "FetchJWTBundles", "{}" },
        { "ValidateJWTSVID", """{"audience":"orders","svid":"a.b.c"}""" },
    };

    private protected abstract OutsideProgram StartClient(string address, string method, string request, params string[] options);

    [Fact, Trait("Spec", "WA-03")]
    public async Task It_serves_X509_SVIDs()
    {
        await using var call = Call(await StartAgentAsync(), "FetchX509SVID");
        var svids = (await call.ReadMessageAsync(Patience))["svids"]!.AsArray();

        Assert.Equal([Web, "spiffe://example.org/web/admin"], svids.Select(s => (string)s!["spiffe_id"]!));
        Assert.Equal(["", "admin"], svids.Select(s => (string)s!["hint"]!));
        using var key = System.Security.Cryptography.ECDsa.Create();
        key.ImportPkcs8PrivateKey(Bytes(svids[0]!["x509_svid_key"]), out _);
        using var leaf = X509CertificateLoader.LoadCertificate(Bytes(svids[0]!["x509_svid"]));
        Assert.Equal(leaf.GetECDsaPublicKey()!.ExportSubjectPublicKeyInfo(), key.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public async Task It_serves_X509_bundles()
    {
        var agent = await StartAgentAsync();
        await using var call = Call(agent, "FetchX509Bundles");
        var bundle = (await call.ReadMessageAsync(Patience))["bundles"]!["spiffe://example.org"];

        Assert.Equal(agent.X509Authorities.Single().RawData, Bytes(bundle));
    }

    [Fact]
    public async Task It_serves_JWT_SVIDs_and_validates_them()
    {
        var agent = await StartAgentAsync();
        await using var fetch = Call(agent, "FetchJWTSVID", new JsonObject { ["audience"] = new JsonArray("orders"), ["spiffe_id"] = Web });
        var svid = Assert.Single((await fetch.ReadMessageAsync(Patience))["svids"]!.AsArray())!;
        Assert.Equal(0, (await fetch.ReadStatusAsync(Patience)).Code);
        Assert.Equal(Web, (string)svid["spiffe_id"]!);

        await using var validate = Call(agent, "ValidateJWTSVID", new JsonObject { ["audience"] = "orders", ["svid"] = (string)svid["svid"]! });
        var answer = await validate.ReadMessageAsync(Patience);
        Assert.Equal(Web, (string)answer["spiffe_id"]!);
        Assert.Equal(Web, (string)answer["claims"]!["sub"]!);
        Assert.Equal("orders", (string)answer["claims"]!["aud"]![0]!);

        await using var other = Call(agent, "ValidateJWTSVID", new JsonObject { ["audience"] = "payments", ["svid"] = (string)svid["svid"]! });
        var (code, details) = await other.ReadStatusAsync(Patience);
        Assert.Equal(InvalidArgument, code);
        Assert.Contains("audience", details, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_serves_JWT_bundles()
    {
        await using var call = Call(await StartAgentAsync(), "FetchJWTBundles");
        var keys = JsonNode.Parse(Bytes((await call.ReadMessageAsync(Patience))["bundles"]!["spiffe://example.org"]))!["keys"]!.AsArray();

        var key = Assert.Single(keys)!;
        Assert.Equal("jwt-svid", (string)key["use"]!);
        Assert.Equal("EC", (string)key["kty"]!);
    }

    [Theory, Trait("Spec", "EP-22"), MemberData(nameof(Calls))]
    public async Task It_refuses_a_call_without_the_security_header(string method, string request)
    {
        var agent = await StartAgentAsync();
        await using var call = new ForeignCall(StartClient(agent.AddressOf("web"), method, request, "--without-security-header"));

        var (code, details) = await call.ReadStatusAsync(Patience);
        Assert.Equal(InvalidArgument, code);
        Assert.Contains("workload.spiffe.io: true", details, StringComparison.Ordinal);
    }

    [Theory, Trait("Spec", "WA-03"), MemberData(nameof(StreamsAndTokens))]
    public async Task It_refuses_a_workload_that_is_not_registered(string method, string request)
    {
        var agent = await StartAgentAsync();
        await using var call = new ForeignCall(StartClient(agent.AddressOf("unregistered"), method, request));

        var (code, details) = await call.ReadStatusAsync(Patience);
        Assert.Equal(PermissionDenied, code);
        Assert.Equal("no identity issued", details);
    }

    [Fact]
    public async Task It_pushes_a_rotation_to_an_open_stream_and_ends_it_when_the_workload_is_unregistered()
    {
        var agent = await StartAgentAsync();
        await using var call = Call(agent, "FetchX509SVID");
        var before = SerialOf(await call.ReadMessageAsync(Patience));

        agent.Rotate("web");
        Assert.NotEqual(before, SerialOf(await call.ReadMessageAsync(Patience)));

        agent.Unregister("web");
        Assert.Equal(PermissionDenied, (await call.ReadStatusAsync(Patience)).Code);
    }

    [Fact]
    public async Task It_ends_open_streams_with_Unavailable_when_it_stops()
    {
        var agent = await StartAgentAsync();
        await using var call = Call(agent, "FetchX509SVID");
        await call.ReadMessageAsync(Patience);

        await agent.StopAsync();
        Assert.Equal(Unavailable, (await call.ReadStatusAsync(Patience)).Code);
    }

    [Fact]
    public async Task It_serves_on_after_a_client_has_cancelled_its_stream()
    {
        var agent = await StartAgentAsync();
        await using var cancelled = Call(agent, "FetchX509SVID");
        await cancelled.ReadMessageAsync(Patience);
        cancelled.Cancel();
        Assert.Equal(Cancelled, (await cancelled.ReadStatusAsync(Patience)).Code);

        await using var next = Call(agent, "FetchX509SVID");
        await next.ReadMessageAsync(Patience);
    }

    [Theory, Trait("Trial", "A-19")]
    [InlineData("Check")]
    [InlineData("Watch")]
    public async Task It_says_that_it_is_healthy(string method)
    {
        var agent = await StartAgentAsync();
        await using var call = new ForeignCall(StartClient(agent.AddressOf("unregistered"), method, "{}", "--without-security-header"));

        // By name or by number, as the client's library has it.
        Assert.Contains((await call.ReadMessageAsync(Patience))["status"]!.ToString(), (string[])["SERVING", "1"]);
        if (method == "Check") Assert.Equal(0, (await call.ReadStatusAsync(Patience)).Code);
    }

    public static TheoryData<string, string> StreamsAndTokens
    {
        get
        {
            // A token can be validated by anybody: that call gives nothing away.
            var rows = new TheoryData<string, string>();
            foreach (var row in Calls.Where(row => row.Data.Item1 != "ValidateJWTSVID")) rows.Add(row);
            return rows;
        }
    }

    private Task<DevAgent> StartAgentAsync() => StartAgentAsync(new DevAgentOptions { LoggerFactory = Loggers }
        .AddWorkload("web", new DevIdentity("/web"), new DevIdentity("/web/admin") { Hint = "admin" })
        .AddWorkload("unregistered", []));

    private ForeignCall Call(DevAgent agent, string method, JsonObject? request = null) =>
        new(StartClient(agent.AddressOf("web"), method, (request ?? []).ToJsonString()));

    private static byte[] Bytes(JsonNode? base64) => Convert.FromBase64String((string)base64!);

    private static string SerialOf(JsonNode message)
    {
        using var leaf = X509CertificateLoader.LoadCertificate(Bytes(message["svids"]![0]!["x509_svid"]));
        return leaf.SerialNumber;
    }
}
