using Mesh.Names;

namespace AspNetSpiffe.MeshTests;

/// <summary>Connections of DNS over TCP (RFC 7766).</summary>
public sealed class DnsConnectionTests(ITestOutputHelper output) : DnsRawTest(output)
{
    // Shorter than any other time that this clock has to tell.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(0.2), Tick = TimeSpan.FromTicks(1);

    private protected override RegistryOptions Options => base.Options with { DnsConnections = 2, DnsTimeout = Timeout, Time = Clock };

    [Fact]
    public async Task Queries_in_one_piece_are_answered_in_their_order()
    {
        var stream = await ConnectAsync();
        await stream.WriteAsync(Enumerable.Range(1, 100).SelectMany(static id => DnsPacket.Framed(DnsPacket.Query(NameOfA, id: (ushort)id))).ToArray(), Patience);
        for (var id = 1; id <= 100; id++) Assert.Equal(id, DnsPacket.IdOf(await ReadAsync(stream)));
    }

    [Fact]
    public async Task A_query_may_come_byte_by_byte()
    {
        var stream = await ConnectAsync();
        foreach (var part in DnsPacket.Framed(DnsPacket.Query(NameOfA))) await stream.WriteAsync(new[] { part }, Patience);
        Assert.Equal(0, DnsPacket.CodeOf(await ReadAsync(stream)));
    }

    [Fact]
    public async Task A_client_that_has_said_all_still_gets_its_answers()
    {
        var stream = await ConnectAsync();
        await stream.WriteAsync(DnsPacket.Framed(DnsPacket.Query(NameOfA)), Patience);
        stream.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.Equal(0, DnsPacket.CodeOf(await ReadAsync(stream)));
        Assert.True(await IsClosedAsync(stream));
    }

    [Fact]
    public async Task A_malformed_query_ends_no_connection()
    {
        var stream = await ConnectAsync();
        await stream.WriteAsync(DnsPacket.Framed(DnsPacket.Of([])), Patience);
        Assert.Equal(1, DnsPacket.CodeOf(await ReadAsync(stream)));
        await stream.WriteAsync(DnsPacket.Framed(DnsPacket.Query(NameOfA)), Patience);
        Assert.Equal(0, DnsPacket.CodeOf(await ReadAsync(stream)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    public async Task Whoever_sends_no_message_is_disconnected(int length)
    {
        var stream = await ConnectAsync();
        await stream.WriteAsync(DnsPacket.Framed(new byte[length]), Patience);
        Assert.True(await IsClosedAsync(stream));
    }

    [Fact]
    public async Task Whoever_sends_an_answer_is_disconnected()
    {
        var stream = await ConnectAsync();
        await stream.WriteAsync(DnsPacket.Framed(DnsPacket.Of([DnsPacket.Question(NameOfA)], flags: 0x8000)), Patience);
        Assert.True(await IsClosedAsync(stream));
    }

    [Fact]
    public async Task An_idle_connection_is_closed()
    {
        var stream = await ConnectAsync();
        Assert.Equal(Timeout, await Clock.WaitForTimerAsync(Patience, Timeout));

        // The next query may take so long, and not longer.
        Clock.Advance(Timeout - Tick);
        await AskAsync(stream);
        await WaitForNextQueryAsync();
        Clock.Advance(Timeout);
        Assert.True(await IsClosedAsync(stream));
    }

    [Fact]
    public async Task Who_sends_a_query_slowly_has_no_more_time()
    {
        var stream = await ConnectAsync();
        Assert.Equal(Timeout, await Clock.WaitForTimerAsync(Patience, Timeout));
        Clock.Advance(Tick);
        await AskAsync(stream);
        await WaitForNextQueryAsync();

        var query = DnsPacket.Framed(DnsPacket.Query(NameOfA));
        await stream.WriteAsync(query.AsMemory(0, 10), Patience);
        Clock.Advance(Timeout / 2);
        await stream.WriteAsync(query.AsMemory(10, 10), Patience);
        Clock.Advance(Timeout / 2);
        Assert.True(await IsClosedAsync(stream));
    }

    [Fact]
    public async Task Whoever_is_one_too_many_waits_until_another_has_ended()
    {
        var first = await ConnectAsync();
        var second = await ConnectAsync();
        await AskAsync(first);
        await AskAsync(second);

        var third = await ConnectAsync();
        await third.WriteAsync(DnsPacket.Framed(DnsPacket.Query(NameOfA)), Patience);
        var answer = ReadAsync(third);
        for (var i = 0; i < 100; i++) await AskAsync(second);
        Assert.False(answer.IsCompleted);

        await first.DisposeAsync();
        Assert.Equal(0, DnsPacket.CodeOf(await answer));
    }

    private async Task AskAsync(System.Net.Sockets.NetworkStream stream)
    {
        await stream.WriteAsync(DnsPacket.Framed(DnsPacket.Query(NameOfA)), Patience);
        Assert.Equal(0, DnsPacket.CodeOf(await ReadAsync(stream)));
    }

    // The timer of the query before is gone, and that of the next has all its time.
    private async Task WaitForNextQueryAsync()
    {
        while (await Clock.WaitForTimerAsync(Patience, Timeout) < Timeout) await Task.Yield();
    }
}
