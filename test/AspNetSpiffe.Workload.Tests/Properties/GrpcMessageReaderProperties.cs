using System.Buffers;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf;
using Xunit.Abstractions;

namespace AspNetSpiffe.Workload.Tests.Properties;

public sealed class GrpcMessageReaderProperties(ITestOutputHelper output) : PropertyTest(output)
{
    private static readonly WorkloadApiAddress Address = WorkloadApiAddress.Parse("unix:///run/agent.sock");

    [Fact]
    public void However_the_bytes_come_the_messages_are_the_same() =>
        ForAll(Inputs.Streams, async parts =>
        {
            var reader = new GrpcMessageReader(parts.InPieces(parts.Bytes), Address, SpiffeLimits.Default.MaxMessageBytes);
            foreach (var message in parts.Messages) Assert.Equal(message, await ReadAsync(reader));
            Assert.Null(await ReadAsync(reader));
        }, times: 100);

    [Fact]
    public void A_stream_that_ends_within_a_message_is_malformed_and_one_that_ends_between_messages_is_not() =>
        ForAll(Inputs.Streams, async parts =>
        {
            var (whole, cut) = parts.FramesBefore();
            var reader = new GrpcMessageReader(parts.InPieces(parts.Bytes[..parts.At]), Address, SpiffeLimits.Default.MaxMessageBytes);
            foreach (var message in parts.Messages.Take(whole)) Assert.Equal(message, await ReadAsync(reader));
            if (cut) await AssertMalformedAsync(reader, "ended within a message");
            else Assert.Null(await ReadAsync(reader));
        }, times: 100);

    [Fact]
    public void A_flag_that_is_not_zero_is_malformed_after_the_messages_before_it() =>
        ForAll(Inputs.Streams, async parts =>
        {
            var flag = (byte)((parts.Anywhere % 255) + 1);
            var reader = new GrpcMessageReader(parts.InPieces([.. parts.Bytes, .. GrpcFrame.Of([], flag)]), Address, SpiffeLimits.Default.MaxMessageBytes);
            foreach (var message in parts.Messages) Assert.Equal(message, await ReadAsync(reader));
            await AssertMalformedAsync(reader, "is compressed");
        }, times: 100);

    [Fact, Trait("Spec", "WA-28")]
    public void A_length_over_the_limit_is_refused_before_memory_is_taken_for_it() =>
        ForAll(Inputs.AnnouncedLengths, announced =>
        {
            var reading = Allocating(GrpcFrame.Of(new byte[1000], announced: announced), out var allocated);
            Assert.InRange(allocated, 0, 64 * 1024);
            Assert.Equal(announced > SpiffeLimits.Default.MaxMessageBytes, reading.Message.Contains("the limit (MaxMessageBytes) is 16777216", StringComparison.Ordinal));
        });

    /// <remarks>A piece of 16 KiB is taken when the one before is full.</remarks>
    [Fact, Trait("Spec", "WA-28")]
    public void A_length_is_no_reason_to_take_memory_before_the_bytes_have_come() =>
        ForAll(Inputs.Streams, parts =>
        {
            var body = new byte[parts.Lengths.Sum()];
            Allocating(GrpcFrame.Of(body, announced: (uint)SpiffeLimits.Default.MaxMessageBytes), out var allocated);
            Assert.InRange(allocated, 0, body.Length + (64 * 1024));
        }, times: 100);

    private static WorkloadApiException Allocating(byte[] bytes, out long allocated)
    {
        var reader = new GrpcMessageReader(new MemoryStream(bytes), Address, SpiffeLimits.Default.MaxMessageBytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var reading = ReadAsync(reader);
        allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        // The stream is in memory: the read ended on this thread.
        Assert.True(reading.IsCompleted);
        return Assert.IsType<WorkloadApiException>(reading.Exception?.InnerException);
    }

    private static async Task AssertMalformedAsync(GrpcMessageReader reader, string because)
    {
        var e = await Assert.ThrowsAsync<WorkloadApiException>(() => ReadAsync(reader));
        Assert.Equal(WorkloadApiFailure.MalformedResponse, e.Failure);
        Assert.Contains(because, e.Message, StringComparison.Ordinal);
    }

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
}
