using System.Text.Json.Nodes;
using AspNetSpiffe.TestKit;
using Mesh;
using Mesh.Service.Egress;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.MeshTests;

/// <summary>The HTTP egress, as curl uses it.</summary>
public sealed class HttpEgressTests(ITestOutputHelper output) : ServiceTest(output)
{
    [Fact]
    public async Task Curl_calls_a_service_by_its_name_through_the_socket_and_through_the_port()
    {
        var (a, _) = await StartPairAsync();
        foreach (var way in (string[][])[["--unix-socket", a.EgressSocket], ["--proxy", $"http://{a.Proxy}"]])
        {
            var answer = await CurlAsync([.. way, $"http://{B}/hello"]);
            Assert.Equal($$"""{"caller":"{{IdOfA}}","service":"{{IdOfB}}"}""", answer.Output);
        }
    }

    [Fact]
    public async Task The_socket_and_its_folder_are_for_their_user_alone()
    {
        var (a, _) = await StartPairAsync();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(a.EgressSocket));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(a.EgressSocket)!));
    }

    [Theory]
    [InlineData("page.attacker.test")]
    [InlineData("service-b.example.org:8080")]
    [InlineData("service-b.example.org.attacker.test")]
    [InlineData("x.service-b.example.org")]
    [InlineData("Service-B.example.org")]
    [InlineData("service-b.example.org.")]
    [InlineData("example.org")]
    [InlineData("127.0.0.1")]
    public async Task A_host_that_is_no_name_of_the_mesh_reaches_nothing(string host)
    {
        var (a, _) = await StartPairAsync();
        var answer = await CurlAsync("--unix-socket", a.EgressSocket, "--header", $"Host: {host}", "--write-out", "%{http_code}", "http://anything/hello");
        Assert.EndsWith("403", answer.Output, StringComparison.Ordinal);
        Assert.Contains($"'{host}' is not a service of this mesh", answer.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Logs.All, record => record.Event.Name == "Served" && record.Message.StartsWith(IdOfA, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_address_of_the_port_reaches_nothing_not_even_the_API_of_the_service_itself()
    {
        var (a, _) = await StartPairAsync();
        var answer = await CurlAsync("--write-out", "%{http_code}", $"http://{a.Proxy}/hello");
        Assert.EndsWith("403", answer.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task A_tunnel_is_refused(string scheme)
    {
        var (a, _) = await StartPairAsync();
        var answer = await CurlAsync("--proxytunnel", "--proxy", $"http://{a.Proxy}", $"{scheme}://{B}/hello");
        Assert.NotEqual(0, answer.ExitCode);
        Assert.Contains("403", answer.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_answers_under_another_name_is_refused_and_the_local_program_learns_why()
    {
        ExpectWarning("NotForwarded");
        var (a, _) = await StartPairAsync();
        var answer = await CurlAsync("--unix-socket", a.EgressSocket, "--write-out", "%{http_code}", $"http://{C}/hello");
        Assert.EndsWith("502", answer.Output, StringComparison.Ordinal);
        Assert.Contains($"NotAllowed. It presented '{IdOfB}'. Expected was '{IdOfC}'", answer.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Logs.All, record => record.Event.Name == "Served" && record.Message.StartsWith(IdOfA, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_router_that_is_away_is_a_bad_gateway()
    {
        ExpectWarning("NotForwarded");
        var a = await StartAsync(OptionsOf(A, NoRouter));
        var answer = await CurlAsync("--unix-socket", a.EgressSocket, $"http://{B}/hello");
        var problem = JsonNode.Parse(answer.Output)!;
        Assert.Equal(StatusCodes.Status502BadGateway, (int?)problem["status"]);
        Assert.StartsWith($"{B} did not answer", (string?)problem["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_of_the_API_learns_no_reason_why_another_service_did_not_answer()
    {
        ExpectWarning("CallFailed");
        var (a, _) = await StartPairAsync();
        var answer = await CurlAsync("--unix-socket", a.EgressSocket, $"http://{B}/ask/{C}");
        Assert.Equal("The service did not answer.", (string?)JsonNode.Parse(answer.Output)!["detail"]);
    }

    [Fact]
    public async Task Names_that_are_invented_do_not_fill_the_memory()
    {
        ExpectWarning("NotForwarded");
        var a = await StartAsync(OptionsOf(A, NoRouter));
        var clients = a.App.Services.GetRequiredService<EgressClients>();
        var urls = Enumerable.Range(0, 250).Select(number => $"http://name-{number}.example.org/");
        await CurlAsync(["--unix-socket", a.EgressSocket, .. urls]);
        Assert.Equal(100, clients.Count);
    }

    [Fact]
    public async Task Rotation_while_calls_run_drops_none()
    {
        var (a, b) = await StartPairAsync();
        var ended = new CancellationTokenSource();
        var callers = Enumerable.Range(0, 4).Select(_ => CallUntilAsync(a, ended.Token)).ToArray();
        for (var rotation = 0; rotation < 5; rotation++)
        {
            var renewed = Task.WhenAll(a.Source.GetChangeToken().ChangedAsync(Patience), b.Source.GetChangeToken().ChangedAsync(Patience));
            var served = Logs.All.Count(static record => record.Event.Name == "Served");
            Agent.Rotate();
            await renewed;
            await Logs.WaitForAsync("Served", Patience, served + 20);
        }

        await ended.CancelAsync();
        foreach (var calls in await Task.WhenAll(callers)) Assert.True(calls > 0);
    }

    private async Task<int> CallUntilAsync(RunningService a, CancellationToken ended)
    {
        using var client = new HttpClient(new SocketsHttpHandler { ConnectCallback = (_, cancellationToken) => MeshAddress.ConnectAsync(MeshAddress.Parse($"unix:{a.EgressSocket}"), cancellationToken) });
        var calls = 0;
        for (; !ended.IsCancellationRequested; calls++) Assert.Contains(IdOfB, await client.GetStringAsync(new Uri($"http://{B}/hello"), Patience), StringComparison.Ordinal);
        return calls;
    }
}
