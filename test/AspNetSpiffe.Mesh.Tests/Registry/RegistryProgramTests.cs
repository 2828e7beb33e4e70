using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;
using Mesh.Names;

namespace AspNetSpiffe.MeshTests;

/// <summary>The program, by the clock of this machine, and what it says when it cannot start.</summary>
public sealed class RegistryProgramTests(ITestOutputHelper output) : RegistryTest(output)
{
    [Fact]
    public async Task The_program_says_where_it_listens_and_ends_when_it_is_asked_to()
    {
        await using var program = Start("--bind", "[::1]:0", "--dns", "[::1]:0", "--trust-domain", "example.org", "--endpoint-socket", Agent.AddressOf("registry"));
        var line = Regex.Match(await program.ReadUntilAsync("listening: ", Patience), @"listening: https://\[::1\]:\d+ dns: (\S+)$", RegexOptions.None, TimeSpan.FromSeconds(10));
        Assert.True(line.Success);
        Assert.Equal("NOERROR", (await DigReply.AskAsync(IPEndPoint.Parse(line.Groups[1].Value), ["example.org", "SOA"], Patience)).Status);

        var end = await program.TerminateAsync(Patience);
        Assert.True(end.ExitCode == 0, end.All);
    }

    [Theory]
    [InlineData("--bnd", "[::1]:0")]
    [InlineData("--dns", "localhost")]
    [InlineData("--trust-domain", "Example.org")]
    public async Task An_option_that_cannot_be_meant_is_refused(string option, string value)
    {
        await using var program = Start(option, value);
        var end = await program.FinishAsync("", Patience);
        Assert.NotEqual(0, end.ExitCode);
        Assert.Contains(value == "[::1]:0" ? option : value, end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_that_fails_says_why_in_one_line()
    {
        await using var program = Start("--bind", "[::1]:0", "--dns", $"{Dns}", "--endpoint-socket", Agent.AddressOf("registry"));
        var end = await program.FinishAsync("", Patience);
        Assert.Equal(1, end.ExitCode);
        Assert.Equal($"mesh-registry: DNS cannot listen on {Dns}: Address already in use. Choose another address with --dns.", end.Errors);
    }

    [Fact]
    public async Task A_lease_ends_by_the_clock_of_the_machine()
    {
        using var client = await RestAsync("service-a");
        Assert.Equal(HttpStatusCode.OK, (await client.PutAsync($"/names/{NameOfA}/endpoints/127.0.0.2:9005?lease=1", null, Patience)).StatusCode);
        await Logs.WaitForAsync(static record => record.Message.EndsWith("has ended", StringComparison.Ordinal), Patience);
        Assert.Equal("NXDOMAIN", (await DigAsync(NameOfA, "A")).Status);
    }

    [Theory]
    [InlineData(SocketType.Dgram, ProtocolType.Udp)]
    [InlineData(SocketType.Stream, ProtocolType.Tcp)]
    public async Task A_port_that_is_taken_fails_the_start_and_is_named(SocketType type, ProtocolType protocol)
    {
        AllowWarning("HostedServiceStartupFaulted");
        using var taken = new Socket(AddressFamily.InterNetwork, type, protocol);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        if (type == SocketType.Stream) taken.Listen();
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(Options with { Dns = (IPEndPoint)taken.LocalEndPoint! }));
        Assert.Contains($"{taken.LocalEndPoint}", failure.Message, StringComparison.Ordinal);
        Assert.Contains("--dns", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trust_domain_that_is_no_zone_fails_the_start()
    {
        AllowWarning("HostedServiceStartupFaulted");
        var name = string.Join('.', Enumerable.Repeat("label", 30));
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(Options with { TrustDomain = TrustDomain.Parse(name) }));
        Assert.Contains($"'{name}'", failure.Message, StringComparison.Ordinal);
    }

    private static OutsideProgram Start(params string[] arguments) => BuiltProgram.Start([], "Mesh.Registry", "mesh-registry", arguments);

    private async Task StartAsync(RegistryOptions options)
    {
        await using var app = RegistryHost.Build(options);
        await app.StartAsync(Patience);
    }
}
