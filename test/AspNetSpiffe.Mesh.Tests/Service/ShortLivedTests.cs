using System.Net.Sockets;

namespace AspNetSpiffe.MeshTests;

/// <summary>SVIDs that live for seconds, as in the demonstration.</summary>
public sealed class ShortLivedTests(ITestOutputHelper output) : ServiceTest(output)
{
    protected override TimeSpan SvidLifetime => TimeSpan.FromSeconds(4);

    [Fact]
    public async Task An_L4_connection_ends_with_the_SVIDs_that_opened_it_and_the_next_opens()
    {
        ExpectWarning("TunnelEnded");
        var peer = Stopping(await TlsPeer.StartAsync(Agent.AddressOf("service-b"), Patience));
        var a = await StartAsync(OptionsOf(A, peer.Address));
        using (var first = new Socket(SocketType.Stream, ProtocolType.Tcp))
        {
            await first.ConnectAsync(a.Tcp, Patience);
            await peer.AcceptAsync(Patience);
            var broken = await Assert.ThrowsAsync<SocketException>(() => first.ReceiveAsync(new byte[1], Patience).AsTask());
            Assert.Equal(SocketError.ConnectionReset, broken.SocketErrorCode);
        }

        using var next = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await next.ConnectAsync(a.Tcp, Patience);
        var (_, caller, _) = await peer.AcceptAsync(Patience);
        Assert.Equal(IdOfA, caller?.ToString());
    }
}
