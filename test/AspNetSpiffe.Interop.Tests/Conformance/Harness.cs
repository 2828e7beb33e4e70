using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The conformance harness as a child process, as the public suite starts it: it knows the agent from its environment alone.</summary>
internal sealed class Harness : IAsyncDisposable
{
    private const string Version = "SPIFFE_HARNESS_VERSION=1";
    private const string X509 = "SPIFFE_X509_PORT=";
    private const string Control = "SPIFFE_CONTROL_PORT=";

    private readonly OutsideProgram _program;
    private readonly HttpClient _http;

    private Harness(OutsideProgram program, int x509Port, int controlPort)
    {
        _program = program;
        X509Port = x509Port;
        _http = new() { BaseAddress = new($"http://127.0.0.1:{controlPort}/v1/") };
    }

    public int X509Port { get; }

    /// <summary>Gets how many lines it has logged: where to look for the next.</summary>
    public int LogLength => _program.ErrorCount;

    /// <summary>Starts it, and reads all lines but READY.</summary>
    public static async Task<Harness> StartAsync(string address, CancellationToken cancellationToken, params string[] arguments)
    {
        var program = Run(address, arguments);
        try
        {
            Assert.Equal(Version, await program.ReadLineAsync(cancellationToken));
            return new(program, await ReadPortAsync(program, X509, cancellationToken), await ReadPortAsync(program, Control, cancellationToken));
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it and waits for its end, without a word to it.</summary>
    public static async Task<ProgramResult> RunToEndAsync(string? address, CancellationToken cancellationToken)
    {
        await using var program = Run(address);
        return await program.FinishAsync("", cancellationToken);
    }

    /// <summary>Gives the next line of its standard output, the first of which after the start is READY.</summary>
    public Task<string> ReadLineAsync(CancellationToken cancellationToken) => _program.ReadLineAsync(cancellationToken);

    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken) => Assert.Equal("READY", await ReadLineAsync(cancellationToken));

    /// <summary>Waits until it has taken up an identity; connections from now on show it.</summary>
    public Task WaitForIdentityAsync(string id, CancellationToken cancellationToken) => WaitForLogAsync($"Identity {id} ", cancellationToken);

    public Task<string> WaitForLogAsync(string text, CancellationToken cancellationToken, int from = 0) => _program.WaitForErrorAsync(text, cancellationToken, from);

    public Task<ProgramResult> TerminateAsync(CancellationToken cancellationToken) => _program.TerminateAsync(cancellationToken);

    /// <summary>Calls its X.509 port, in the part of a client.</summary>
    public Task<Meeting> CallAsync(TestSvid? client, CancellationToken cancellationToken) => TestPeer.CallAsync(X509Port, client, cancellationToken);

    /// <summary>Has it call a server of ours.</summary>
    public async Task<Meeting> BeCalledAsync(TestSvid server, CancellationToken cancellationToken)
    {
        using var peer = new TestServer(server);
        var presented = peer.AnswerOneAsync(cancellationToken);
        var (status, answer) = await PostAsync("x509/dial", new JsonObject { ["address"] = peer.EndPoint.ToString() }, cancellationToken);

        Assert.Contains(status, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.UnprocessableEntity]);
        Assert.Equal(status == HttpStatusCode.OK ? "ok" : "rejected", (string?)answer!["status"]);
        return new((string?)answer["spiffe_id"], await presented, peer.EndPoint);
    }

    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken) => (await _http.GetFromJsonAsync<JsonNode>(path, cancellationToken))!;

    public Task<(HttpStatusCode Status, JsonNode? Answer)> PostAsync(string path, JsonNode body, CancellationToken cancellationToken) =>
        PostAsync(path, body.ToJsonString(), cancellationToken);

    public async Task<(HttpStatusCode Status, JsonNode? Answer)> PostAsync(string path, string body, CancellationToken cancellationToken)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(path, content, cancellationToken);
        var answer = await response.Content.ReadAsStringAsync(cancellationToken);
        return (response.StatusCode, answer.Length == 0 ? null : JsonNode.Parse(answer));
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _program.DisposeAsync();
    }

    // Refusals are logged once a minute at most, but each at the level below.
    private static OutsideProgram Run(string? address, params string[] arguments) => BuiltProgram.Start(
        new() { ["SPIFFE_ENDPOINT_SOCKET"] = address, ["Logging__LogLevel__AspNetSpiffe.Handshake"] = "Debug" },
        "AspNetSpiffe.ConformanceHarness",
        "AspNetSpiffe.ConformanceHarness",
        arguments);

    private static async Task<int> ReadPortAsync(OutsideProgram program, string name, CancellationToken cancellationToken)
    {
        var line = await program.ReadLineAsync(cancellationToken);
        Assert.StartsWith(name, line, StringComparison.Ordinal);
        return ushort.Parse(line.AsSpan(name.Length), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture);
    }
}
