using System.Net;
using System.Net.Sockets;

namespace AspNetSpiffe.InteropTests;

/// <summary>What the suite asks of the harness itself: lines, ports, codes and its end.</summary>
public sealed class ContractTests(ITestOutputHelper output) : ConformanceTest(output)
{
    private const string Nowhere = "unix:///no/agent/is/here.sock";

    [Fact]
    public async Task READY_waits_for_the_first_SVID()
    {
        var agent = await StartAgentAsync();
        var harness = await StartHarnessAsync(agent.Address, "--ready-after", "600");
        var ready = harness.ReadLineAsync(Patience);
        await agent.WaitForCallAsync(1, Patience);
        Assert.False(ready.IsCompleted);

        agent.Send(Pki.Response(Pki.Leaf("/harness")));
        Assert.Equal("READY", await ready);
    }

    [Fact]
    public async Task READY_comes_without_an_agent_too_and_nobody_is_admitted()
    {
        var harness = await StartHarnessAsync(Nowhere, "--ready-after", "0");
        await harness.WaitUntilReadyAsync(Patience);

        var refusal = await Assert.ThrowsAsync<SocketException>(() => harness.CallAsync(Pki.Leaf("/peer"), Patience));
        Assert.Equal(SocketError.ConnectionRefused, refusal.SocketErrorCode);
        Assert.Null((await harness.BeCalledAsync(Pki.Leaf("/peer"), Patience)).Id);
    }

    [Fact]
    public async Task SIGTERM_ends_it_with_zero()
    {
        var agent = await StartAgentAsync();
        agent.Send(Pki.Response(Pki.Leaf("/harness")));
        var harness = await StartHarnessAsync(agent.Address);
        await harness.WaitUntilReadyAsync(Patience);
        var result = await harness.TerminateAsync(Patience);
        Assert.True(result.ExitCode == 0, result.All);
    }

    [Fact]
    public async Task SIGTERM_ends_it_with_zero_without_an_agent_too()
    {
        var harness = await StartHarnessAsync(Nowhere);
        var result = await harness.TerminateAsync(Patience);
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Equal("", result.Output);
    }

    [Fact, Trait("Trial", "A-21")]
    public async Task The_control_port_says_what_it_is()
    {
        var harness = await StartHarnessAsync(Nowhere);
        var info = await harness.GetAsync("info", Patience);
        Assert.Equal("AspNetSpiffe", (string?)info["sdk"]);
        Assert.NotEqual("", (string?)info["sdk_version"] ?? "");
        Assert.Equal(["x509-server", "x509-client", "jwt-validate", "jwt-fetch"], info["capabilities"]!.AsArray().Select(c => (string?)c));
    }

    [Fact, Trait("Trial", "A-21")]
    public async Task What_is_wrong_with_a_request_is_told_by_its_code()
    {
        var harness = await StartHarnessAsync(Nowhere);
        foreach (var path in (string[])["x509/dial", "jwt/fetch", "jwt/validate"])
            foreach (var body in (string[])["", "{", "{}", "null"])
                Assert.Equal((HttpStatusCode.BadRequest, null), await harness.PostAsync(path, body, Patience));

        Assert.Equal((HttpStatusCode.BadRequest, null), await harness.PostAsync("x509/dial", """{"address":"localhost"}""", Patience));
        Assert.Equal((HttpStatusCode.BadRequest, null), await harness.PostAsync("jwt/validate", """{"token":"a.b.c","audience":""}""", Patience));
        await AssertStatusAsync(HttpStatusCode.InternalServerError, "error", harness, "jwt/validate", """{"token":"a.b.c","audience":"orders"}""");
        await AssertStatusAsync(HttpStatusCode.UnprocessableEntity, "rejected", harness, "jwt/fetch", """{"audience":[]}""");
        await AssertStatusAsync(HttpStatusCode.InternalServerError, "error", harness, "jwt/fetch", """{"audience":["orders"]}""");
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_an_error_and_no_refusal()
    {
        using var deaf = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var harness = await StartHarnessAsync(Nowhere);
        await AssertStatusAsync(HttpStatusCode.InternalServerError, "error", harness, "x509/dial", $$"""{"address":"{{deaf.LocalEndPoint}}"}""");
    }

    private async Task AssertStatusAsync(HttpStatusCode code, string status, Harness harness, string path, string body)
    {
        var (actual, answer) = await harness.PostAsync(path, body, Patience);
        Assert.Equal(code, actual);
        Assert.Equal(status, (string?)answer!["status"]);
        Assert.NotEqual("", (string?)answer["message"] ?? "");
    }
}
