using Mesh.Service.Egress;
using System.Net;

namespace AspNetSpiffe.MeshTests;

/// <summary>Another user of the machine at the doors of the egress.</summary>
public sealed class StrangerTests(ITestOutputHelper output) : ServiceTest(output)
{
    private const UnixFileMode Open = (UnixFileMode)0b111_111_111;

    [StrangerFact]
    public async Task A_stranger_does_not_come_near_the_socket()
    {
        var (a, _) = await StartPairAsync();
        var answer = await CurlAsStrangerAsync("--unix-socket", a.EgressSocket, $"http://{B}/hello");
        Assert.NotEqual(0, answer.ExitCode);
        Assert.Empty(answer.Output);
    }

    [StrangerFact]
    public async Task A_stranger_is_refused_at_a_socket_that_somebody_has_opened_to_all()
    {
        ExpectWarning("StrangerRefused");
        var (a, _) = await StartPairAsync();
        foreach (var path in (string[])[Folder, Path.GetDirectoryName(a.EgressSocket)!, a.EgressSocket]) File.SetUnixFileMode(path, Open);
        await AssertRefusedAsync(DoorNames.Http, "--unix-socket", a.EgressSocket, $"http://{B}/hello");
    }

    [StrangerFact]
    public async Task A_stranger_is_refused_at_the_port_of_the_HTTP_egress()
    {
        ExpectWarning("StrangerRefused");
        var (a, _) = await StartPairAsync();
        await AssertRefusedAsync(DoorNames.Http, "--proxy", $"http://{a.Proxy}", $"http://{B}/hello");
    }

    [StrangerFact]
    public async Task A_stranger_is_refused_at_the_port_of_the_gRPC_egress()
    {
        ExpectWarning("StrangerRefused");
        var (a, _) = await StartPairAsync();
        await AssertRefusedAsync(DoorNames.Grpc, "--http2-prior-knowledge", "--header", $"Host: {B}", $"http://{a.GrpcProxy}/hello");
    }

    [StrangerFact]
    public async Task A_stranger_is_refused_at_the_L4_egress()
    {
        ExpectWarning("StrangerRefused");
        var (a, _) = await StartPairAsync();
        await AssertRefusedAsync(DoorNames.Tcp, $"http://{a.Tcp}/hello");
    }

    [Fact]
    public async Task The_kernel_knows_our_own_end_by_its_user_over_IPv4_and_IPv6()
    {
        foreach (var (listen, connect) in ((IPAddress, IPAddress)[])[(IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.2")), (IPAddress.IPv6Loopback, IPAddress.IPv6Loopback), (IPAddress.Loopback, IPAddress.Loopback.MapToIPv6())])
        {
            using var listener = new System.Net.Sockets.TcpListener(listen, 0);
            listener.Start();
            using var client = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
            await client.ConnectAsync(connect, ((IPEndPoint)listener.LocalEndpoint).Port, Patience);
            using var accepted = await listener.AcceptSocketAsync(Patience);
            Assert.Equal(SocketUser.Own, SocketUser.Find(accepted));
        }
    }

    [Theory]
    [InlineData("   5: 0200007F:A1B2 0200007F:C387 01 00000000:00000000 00:00000000 00000000  1000        0 33590 1 0", 1000u)]
    [InlineData("   5: 0000000000000000FFFF00000200007F:A1B2 0000000000000000FFFF00000200007F:C387 01 00000000:00000000 00:00000000 00000000  1000        0 33590 1 0", 1000u)]
    [InlineData("   5: 0200007F:A1B2 0200007F:C387 06 00000000:00000000 03:000012E5 00000000     0        0 0 3 0", null)]
    [InlineData("   5: 0200007F:C387 0200007F:A1B2 01 00000000:00000000 00:00000000 00000000  1000        0 33590 1 0", null)]
    [InlineData("   5: 0200007F:A1B3 0200007F:C387 01 00000000:00000000 00:00000000 00000000  1000        0 33590 1 0", null)]
    [InlineData("   5: 0200007F:A1B2 0300007F:C387 01 00000000:00000000 00:00000000 00000000  1000        0 33590 1 0", null)]
    [InlineData("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode", null)]
    public void A_row_of_the_kernel_counts_if_both_ends_match_and_a_process_still_has_the_socket(string row, uint? user)
    {
        Assert.SkipUnless(BitConverter.IsLittleEndian, "The kernel writes addresses in the machine's own order.");
        Assert.Equal(user, SocketUser.FindIn([row], IPEndPoint.Parse("127.0.0.2:41394"), IPEndPoint.Parse("127.0.0.2:50055")));
    }

    private async Task AssertRefusedAsync(string door, params IEnumerable<string> arguments)
    {
        var answer = await CurlAsStrangerAsync(arguments);
        Assert.NotEqual(0, answer.ExitCode);
        Assert.Empty(answer.Output);
        var refusal = await WaitForAsync("StrangerRefused", Patience);
        Assert.Equal(door, refusal.Values["Door"]);
        Assert.Contains("65534", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Logs.All, static record => record.Event.Name == "Served");
    }
}
