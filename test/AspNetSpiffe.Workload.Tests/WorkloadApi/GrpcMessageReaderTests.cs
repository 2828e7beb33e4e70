using System.Buffers;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

public sealed class GrpcMessageReaderTests
{
    private static readonly WorkloadApiAddress Address = WorkloadApiAddress.Parse("unix:///run/agent.sock");

    private const int MaxLength = 64 * 1024;
    private const string Secret = "recognisable-secret";
    private static readonly byte[] Message = new X509SVID { SpiffeId = "spiffe://td/a", X509SvidKey = ByteString.CopyFromUtf8(Secret) }.ToByteArray();

    [Fact]
    public async Task Messages_are_read_in_order_until_the_end_of_the_stream()
    {
        var reader = ReaderOf([.. GrpcFrame.Of(Message), .. GrpcFrame.Of([]), .. GrpcFrame.Of(Message)]);
        Assert.Equal("spiffe://td/a", (await ReadAsync(reader))!.SpiffeId);
        Assert.Equal("", (await ReadAsync(reader))!.SpiffeId);
        Assert.Equal("spiffe://td/a", (await ReadAsync(reader))!.SpiffeId);
        Assert.Null(await ReadAsync(reader));
    }

    [Fact]
    public async Task A_message_that_comes_byte_by_byte_is_read() =>
        Assert.Equal("spiffe://td/a", (await ReadAsync(new(new SlowStream(GrpcFrame.Of(Message)), Address, MaxLength)))!.SpiffeId);

    [Theory, Trait("Spec", "WA-28")]
    [InlineData(MaxLength + 1u)]
    [InlineData(0x7FFFFFFFu)]
    [InlineData(0xFFFFFFFFu)]
    public async Task A_length_over_the_limit_is_refused_before_anything_is_allocated_for_it(uint length)
    {
        var reader = ReaderOf(GrpcFrame.Of([1, 2, 3], announced: length));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var reading = ReadAsync(reader);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        // The stream is in memory: the read ended on this thread.
        Assert.True(reading.IsCompleted);
        Assert.InRange(allocated, 0, 1024 * 1024);
        await AssertMalformedAsync(() => reading, $"A message of {length} bytes was announced; the limit (MaxMessageBytes) is 65536.");
    }

    [Fact, Trait("Spec", "WA-28")]
    public async Task A_message_as_long_as_the_limit_is_read()
    {
        // Tag, three bytes of length, and the rest.
        var message = new X509SVID { Bundle = ByteString.CopyFrom(new byte[MaxLength - 4]) };
        Assert.Equal(MaxLength, message.CalculateSize());
        Assert.Equal(message.Bundle.Length, (await ReadAsync(ReaderOf(GrpcFrame.Of(message.ToByteArray()))))!.Bundle.Length);
    }

    [Fact]
    public Task A_compressed_message_is_refused() => AssertMalformedAsync("A message is compressed", GrpcFrame.Of(Message, flag: 1));

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public Task A_truncated_prefix_is_refused(int length) => AssertMalformedAsync("ended within a message", GrpcFrame.Of(Message)[..length]);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public Task A_truncated_message_is_refused(int left) => AssertMalformedAsync("ended within a message", GrpcFrame.Of(Message.AsSpan(0, left), announced: (uint)Message.Length));

    [Fact]
    public Task Bytes_that_are_no_message_are_refused_and_not_shown() =>
        AssertMalformedAsync($"A message of {Message.Length + 1} bytes is none of the Workload API.", GrpcFrame.Of([.. Message, 0xFF]));

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(false, 50_000)]
    [InlineData(true, 50_000)]
    public async Task The_buffers_of_a_frame_are_cleared_whether_the_message_was_good_or_not(bool bad, int more)
    {
        byte[] message = [.. Message, .. new X509SVID { Bundle = ByteString.CopyFrom([.. Enumerable.Repeat((byte)1, more)]) }.ToByteArray()];
        var stream = new KeepingStream(GrpcFrame.Of(bad ? [.. message, 0xFF] : message));
        await Record.ExceptionAsync(() => ReadAsync(new(stream, Address, MaxLength)));
        Assert.Equal(message.Length + (bad ? 1 : 0), stream.Frame.Sum(buffer => buffer.Length));
        Assert.All(stream.Frame, buffer => Assert.All(buffer.ToArray(), b => Assert.Equal(0, b)));
    }

    [Theory]
    [InlineData(16_380)]
    [InlineData(16_384)]
    [InlineData(40_000)]
    public async Task A_message_of_several_pieces_has_every_byte(int length)
    {
        var message = new X509SVID { SpiffeId = new string('a', length), X509Svid = ByteString.CopyFrom([.. Enumerable.Range(0, 20_000).Select(i => (byte)i)]), Hint = "last" };
        Assert.Equal(message, await ReadAsync(ReaderOf(GrpcFrame.Of(message.ToByteArray()))));
    }

    private static GrpcMessageReader ReaderOf(byte[] bytes) => new(new MemoryStream(bytes), Address, MaxLength);

    private static Task<X509SVID?> ReadAsync(GrpcMessageReader reader) => reader.ReadAsync(Parse, CancellationToken.None);

    private static X509SVID? Parse(ReadOnlySequence<byte> bytes)
    {
        try
        {
            return X509SVID.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static Task AssertMalformedAsync(string what, byte[] bytes) => AssertMalformedAsync(() => ReadAsync(ReaderOf(bytes)), what);

    private static async Task AssertMalformedAsync(Func<Task> read, string what)
    {
        var e = await Assert.ThrowsAsync<WorkloadApiException>(read);
        Assert.Equal(WorkloadApiFailure.MalformedResponse, e.Failure);
        Assert.True(e.IsTransient);
        Assert.Contains(what, e.Message, StringComparison.Ordinal);
        Assert.Contains("check the address", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, e.ToString(), StringComparison.Ordinal);
    }

    private sealed class SlowStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            return Read(buffer.Span[..Math.Min(1, buffer.Length)]);
        }
    }

    /// <summary>Keeps the buffers into which the message itself was read.</summary>
    private sealed class KeepingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public List<Memory<byte>> Frame { get; } = [];

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            // Before the message come a read of nothing and the prefix; each buffer is filled in one read.
            if (buffer.Length > 0 && Position >= GrpcMessageReader.PrefixLength && Position < Length) Frame.Add(buffer);
            return new(Read(buffer.Span));
        }
    }
}
