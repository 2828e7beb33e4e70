using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Mesh.Service.Egress;

namespace AspNetSpiffe.MeshTests;

/// <summary>The L4 egress between a local program and a server of bytes.</summary>
public sealed class TunnelTests(ITestOutputHelper output) : ServiceTest(output)
{
    private const int TenMegabytes = 10 * 1024 * 1024;

    [Fact]
    public async Task Curl_reaches_the_API_of_the_one_service_that_an_address_leads_to()
    {
        var (a, _) = await StartPairAsync();
        var answer = await CurlAsync($"http://{a.Tcp}/hello");
        Assert.Equal($$"""{"caller":"{{IdOfA}}","service":"{{IdOfB}}"}""", answer.Output);
    }

    [Fact]
    public async Task Bytes_go_both_ways_with_our_SVID_and_the_name_as_SNI()
    {
        var (local, remote) = await OpenAsync();
        await local.SendAsync("to the service"u8.ToArray(), Patience);
        Assert.Equal("to the service", await ReadAsync(remote.Stream, 14));
        await remote.Stream.WriteAsync("and back"u8.ToArray(), Patience);
        Assert.Equal("and back", await ReadAsync(new NetworkStream(local), 8));
        Assert.Equal(IdOfA, remote.Caller!.ToString());
        Assert.Equal(B, remote.Stream.TargetHostName);
    }

    [Fact]
    public async Task A_Unix_socket_leads_to_a_service_too()
    {
        var b = await StartAsync(OptionsOf(B, NoRouter));
        var path = Path.Combine(Folder, A, "b.sock");
        await StartAsync(OptionsOf(A, b.Api) with { TcpRoutes = [TcpRoute.Parse($"unix:{path}={B}")] });
        var answer = await CurlAsync("--unix-socket", path, "http://anything/hello");
        Assert.Contains(IdOfB, answer.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_local_program_that_has_sent_all_still_reads_the_answer()
    {
        var (local, remote) = await OpenAsync();
        var stream = new NetworkStream(local);
        await local.SendAsync("question"u8.ToArray(), Patience);
        local.Shutdown(SocketShutdown.Send);
        Assert.Equal("question", await ReadToEndAsync(remote.Stream));
        await remote.Stream.WriteAsync("answer"u8.ToArray(), Patience);
        await remote.Stream.ShutdownAsync();
        Assert.Equal("answer", await ReadToEndAsync(stream));
    }

    [Fact]
    public async Task A_service_that_has_sent_all_still_reads_what_the_local_program_sends()
    {
        var (local, remote) = await OpenAsync();
        await remote.Stream.WriteAsync("greeting"u8.ToArray(), Patience);
        await remote.Stream.ShutdownAsync();
        Assert.Equal("greeting", await ReadToEndAsync(new NetworkStream(local)));
        await local.SendAsync("late"u8.ToArray(), Patience);
        local.Shutdown(SocketShutdown.Send);
        Assert.Equal("late", await ReadToEndAsync(remote.Stream));
    }

    [Fact]
    public async Task Ten_megabytes_each_way_at_once_arrive_whole()
    {
        var (local, remote) = await OpenAsync();
        var (up, down) = (RandomNumberGenerator.GetBytes(TenMegabytes), RandomNumberGenerator.GetBytes(TenMegabytes));
        var stream = new NetworkStream(local);
        var received = await Task.WhenAll(
            SendAsync(stream, up, () => local.Shutdown(SocketShutdown.Send)),
            SendAsync(remote.Stream, down, () => remote.Stream.ShutdownAsync().GetAwaiter().GetResult()),
            HashToEndAsync(remote.Stream),
            HashToEndAsync(stream));
        Assert.Equal(SHA256.HashData(up), received[2]);
        Assert.Equal(SHA256.HashData(down), received[3]);
    }

    [Fact]
    public async Task A_connection_to_the_wrong_service_is_cut_off_before_a_byte_is_sent()
    {
        ExpectWarning("TunnelEnded");
        var peer = Stopping(await TlsPeer.StartAsync(Agent.AddressOf("service-c"), Patience));
        var a = await StartAsync(OptionsOf(A, peer.Address));
        using var local = await ConnectAsync(a.Tcp);
        await local.SendAsync("secret"u8.ToArray(), Patience);
        await AssertNothingArrivesAsync(peer);
        await AssertResetAsync(local);
        Assert.Contains($"only {IdOfB} may answer; it presented {IdOfC}", (await WaitForAsync("TunnelEnded", Patience)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_breaks_off_does_not_look_like_one_that_has_ended()
    {
        ExpectWarning("TunnelEnded");
        var (local, remote) = await OpenAsync();
        await remote.Stream.WriteAsync("half of"u8.ToArray(), Patience);
        Assert.Equal("half of", await ReadAsync(new NetworkStream(local), 7));
        remote.Socket.Close(timeout: 0);
        await AssertResetAsync(local);
    }

    [Fact]
    public async Task A_connection_ends_when_the_authority_of_its_service_is_not_trusted_any_more()
    {
        ExpectWarning("TunnelEnded");
        var peer = Stopping(await TlsPeer.StartAsync(Agent.AddressOf("service-b"), Patience));
        var a = await StartAsync(OptionsOf(A, peer.Address));
        using var local = await ConnectAsync(a.Tcp);
        _ = await peer.AcceptAsync(Patience);
        Agent.PrepareAuthority();
        Agent.ActivateAuthority();
        Agent.TaintAuthority();
        Agent.RevokeAuthority();
        await AssertResetAsync(local);
        Assert.Contains("is not trusted any more", (await WaitForAsync("TunnelEnded", Patience)).Message, StringComparison.Ordinal);
    }

    private async Task<(Socket Local, (SslStream Stream, SpiffeId? Caller, Socket Socket) Remote)> OpenAsync()
    {
        var peer = Stopping(await TlsPeer.StartAsync(Agent.AddressOf("service-b"), Patience));
        var a = await StartAsync(OptionsOf(A, peer.Address));
        return (await ConnectAsync(a.Tcp), await peer.AcceptAsync(Patience));
    }

    private async Task<Socket> ConnectAsync(IPEndPoint address)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address, Patience);
        return socket;
    }

    private async Task AssertResetAsync(Socket local)
    {
        var broken = await Assert.ThrowsAsync<SocketException>(() => local.ReceiveAsync(new byte[1], Patience).AsTask());
        Assert.Equal(SocketError.ConnectionReset, broken.SocketErrorCode);
    }

    // The client breaks the handshake off, before or after the server takes it for complete.
    private async Task AssertNothingArrivesAsync(TlsPeer peer)
    {
        try
        {
            var (stream, _, _) = await peer.AcceptAsync(Patience);
            Assert.Equal(0, await stream.ReadAsync(new byte[1], Patience));
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
        }
    }

    private async Task<string> ReadAsync(Stream stream, int count)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, Patience);
        return System.Text.Encoding.ASCII.GetString(bytes);
    }

    private async Task<string> ReadToEndAsync(Stream stream)
    {
        using var reader = new StreamReader(stream, leaveOpen: true);
        return await reader.ReadToEndAsync(Patience);
    }

    private async Task<byte[]> SendAsync(Stream stream, byte[] bytes, Action end)
    {
        await stream.WriteAsync(bytes, Patience);
        end();
        return [];
    }

    private async Task<byte[]> HashToEndAsync(Stream stream) => await SHA256.HashDataAsync(stream, Patience);
}
