using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.MeshTests;

/// <summary>A service as a process of its own, with the options of its command line.</summary>
public sealed class ProcessTests(ITestOutputHelper output) : MeshWithRegistryTest(output)
{
    private static readonly string Program = typeof(Mesh.Service.ServiceOptions).Assembly.Location;

    [Fact]
    public async Task A_service_runs_with_every_option_until_it_is_asked_to_end()
    {
        var registry = await StartRegistryAsync();
        var (b, socket) = (await StartAsync(OptionsOf(B, NoRouter)), Path.Combine(Folder, "a", "a.sock"));
        await using var a = Start(
            "--endpoint-socket", Agent.AddressOf("service-a"), "--bind-ip", "127.0.0.2", "--port", "0", "--sni", A, "--registry-addr", $"{AddressOf(registry)}", "--lease", "5", "--router", $"{b.Api}",
            "--egress-socket", socket, "--proxy-port", "0", "--grpc-proxy-port", "0", "--tcp-egress", $"127.0.0.2:0={B}", "--tcp-egress", $"unix:{Folder}/a/b.sock={B}");
        var listening = await a.ReadUntilAsync("listening: https://127.0.0.2:", Patience);
        foreach (var door in (string[])[$"HTTP: unix:{socket}", "HTTP: 127.0.0.2:", "gRPC: 127.0.0.2:", "L4: 127.0.0.2:", $"L4: unix:{Folder}/a/b.sock"]) Assert.Contains(door, listening, StringComparison.Ordinal);
        await a.ReadUntilAsync($"Registered {A}", Patience);

        const string trace = "0123456789abcdef0123456789abcdef";
        Assert.Contains(IdOfB, (await CurlAsync("--unix-socket", socket, "--header", $"traceparent: 00-{trace}-0123456789abcdef-01", $"http://{B}/hello")).Output, StringComparison.Ordinal);
        Assert.Contains($"{trace} own user (HTTP): GET {B}/hello 200", await a.ReadUntilAsync("own user", Patience), StringComparison.Ordinal);

        var ended = await a.TerminateAsync(Patience);
        Assert.Equal(0, ended.ExitCode);
        Assert.Empty(Registered(registry, A));
        Assert.False(File.Exists(socket));
    }

    [Theory]
    [InlineData("--bind-ip", "localhost")]
    [InlineData("--router", "127.0.0.1")]
    [InlineData("--tcp-egress", "127.0.0.2:50075")]
    [InlineData("--registry-addr", "not an address")]
    [InlineData("--registry-addr", "http://[::1]:9090")]
    [InlineData("--lease", "0")]
    [InlineData("--lease", "301")]
    [InlineData("--no-such-option", "x")]
    public async Task A_mistake_in_an_option_is_one_clear_error(string option, string value)
    {
        await using var service = Start("--endpoint-socket", Agent.AddressOf("service-a"), option, value);
        var ended = await service.FinishAsync("", Patience);
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains(option == "--no-such-option" ? option : value, ended.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.All, StringComparison.Ordinal);
    }

    private static OutsideProgram Start(params IEnumerable<string> arguments) => OutsideProgram.Start("dotnet", ["exec", Program, .. arguments]);
}
