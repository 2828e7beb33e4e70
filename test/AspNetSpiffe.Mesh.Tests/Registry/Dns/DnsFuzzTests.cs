using System.Net.Sockets;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.MeshTests;

/// <summary>Thousands of messages that nobody would send. The test also fails when the server logs a fault.</summary>
public sealed class DnsFuzzTests(ITestOutputHelper output) : DnsRawTest(output)
{
    private const int Packets = 10_000, Batch = 50, Connections = 500, MostMessages = 6;

    private static readonly byte[][] Seeds =
    [
        DnsPacket.Query(NameOfA),
        DnsPacket.Query(NameOfA, DnsPacket.Any),
        DnsPacket.Query("_https._tcp.service-a.example.org", DnsPacket.Srv),
        DnsPacket.Query("port-9005.service-a.example.org", DnsPacket.Aaaa),
        DnsPacket.Query("example.org", 6),
        DnsPacket.Of([DnsPacket.Question(NameOfA), DnsPacket.Opt], counts: [1, 0, 0, 1]),

        // Options that the library reads: a long-lived query, a lease of an update, an owner, algorithms, a subnet, an expiry, a cookie, a time to keep alive, padding.
        .. new byte[][] { [0, 1, 0, 18, .. new byte[18]], [0, 2, 0, 4, 0, 0, 0, 1], [0, 4, 0, 8, .. new byte[8]], [0, 5, 0, 2, 8, 13], [0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2], [0, 9, 0, 0], [0, 10, 0, 8, .. new byte[8]], [0, 11, 0, 0], [0, 12, 0, 4, 0, 0, 0, 0] }
            .Select(static option => DnsPacket.Of([DnsPacket.Question(NameOfA), DnsPacket.OptWith(option)], counts: [1, 0, 0, 1])),
    ];

    // Printed, so that what was found can be found again.
    private readonly int _seed = Random.Shared.Next();
    private readonly ITestOutputHelper _output = output;

    [Fact]
    public async Task Whatever_comes_over_UDP_the_server_answers_the_next_and_never_too_much()
    {
        var next = Draw();
        var answered = 0;
        for (var sent = 0; sent < Packets; sent += Batch)
        {
            var packets = Enumerable.Range(sent, Batch).Select(id => Numbered(next(), (ushort)id)).ToArray();
            foreach (var packet in packets) await SendAsync(packet);
            foreach (var answer in await DrainAsync())
            {
                answered++;
                AssertAllowed(packets[DnsPacket.IdOf(answer) - sent], answer, 1232);
            }
        }

        _output.WriteLine($"{answered} of {Packets} were answered.");
        Assert.InRange(answered, Packets / 2, Packets);
    }

    [Fact]
    public async Task Whatever_comes_over_TCP_the_server_answers_the_next()
    {
        var next = Draw();
        var random = new Random(_seed);
        for (var i = 0; i < Connections; i++)
        {
            using var stream = await ConnectAsync();
            foreach (var message in Enumerable.Range(0, random.Next(1, MostMessages)).Select(_ => next()))
            {
                var framed = DnsPacket.Framed(message);

                // Now and then the length is wrong.
                if (random.Next(10) == 0) framed[random.Next(2)] = (byte)random.Next(256);
                if (!await TrySendAsync(stream, framed)) break;
            }

            await ReadToEndAsync(stream);
        }

        var last = await ConnectAsync();
        await last.WriteAsync(DnsPacket.Framed(DnsPacket.Query(NameOfA)), Patience);
        Assert.Equal(0, DnsPacket.CodeOf(await ReadAsync(last)));
    }

    private Func<byte[]> Draw()
    {
        _output.WriteLine($"Seed: {_seed}");
        var random = new Random(_seed);
        var mutator = new Mutator(random, Seeds, []);
        return () => random.Next(4) == 0 ? RandomBytes(random) : mutator.Next();
    }

    private static byte[] RandomBytes(Random random)
    {
        var bytes = new byte[random.Next(300)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Numbered(byte[] packet, ushort id) => [.. DnsPacket.Number(id), .. packet.Skip(2)];

    private static void AssertAllowed(byte[] query, byte[] answer, int most)
    {
        Assert.True((answer[2] & 0x80) != 0, "The answer is not an answer.");
        Assert.True((query[2] & 0x80) == 0, "An answer was answered.");

        // Without EDNS 512, and to what was not understood a header alone.
        var hasRecords = query is [_, _, _, _, _, _, _, _, _, _, not 0, _, ..] or [_, _, _, _, _, _, _, _, _, _, _, not 0, ..];
        Assert.InRange(answer.Length, DnsPacket.HeaderLength, DnsPacket.CodeOf(answer) is 1 or 4 ? DnsPacket.HeaderLength : hasRecords ? most : 512);
    }

    private async Task<bool> TrySendAsync(NetworkStream stream, byte[] bytes)
    {
        try
        {
            await stream.WriteAsync(bytes, Patience);
            return true;
        }
        catch (IOException)
        {
            // The server has ended the connection, as it does when no message comes.
            return false;
        }
    }

    private async Task ReadToEndAsync(NetworkStream stream)
    {
        try
        {
            stream.Socket.Shutdown(SocketShutdown.Send);
            while (await stream.ReadAsync(new byte[ushort.MaxValue], Patience) > 0)
            {
                // Answers are compared over UDP.
            }
        }
        catch (Exception end) when (end is IOException or SocketException)
        {
            // The server ended it with something unread.
        }
    }
}
