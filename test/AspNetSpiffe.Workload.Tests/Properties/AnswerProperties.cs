using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Google.Protobuf;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>What the client makes of any bytes that a real agent sends over a real connection.</summary>
public sealed class AnswerProperties : IAsyncLifetime
{
    private readonly CancellationTokenSource _patience = new(HangLimit.OfATest);
    private FakeAgent _agent = null!;
    private AgentChannel _channel = null!;

    public async ValueTask InitializeAsync()
    {
        _agent = await FakeAgent.StartAsync();
        _channel = new(WorkloadApiAddress.Parse(_agent.Address), KeepAlive.Default, SpiffeLimits.Default);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _agent.DisposeAsync();
        _patience.Dispose();
    }

    [Property(MaxTest = 100)]
    public Property However_the_bytes_come_the_messages_are_the_same() =>
        ForAll(Inputs.Streams, async parts =>
        {
            _agent.Answer(parts.InPieces(parts.Bytes));
            Assert.Equal(parts.Messages, await ReadAsync([]));
        });

    [Property(MaxTest = 100)]
    public Property A_stream_that_ends_within_a_message_is_malformed_and_one_that_ends_between_messages_is_not() =>
        ForAll(Inputs.Streams, async parts =>
        {
            var (whole, cut) = parts.FramesBefore();
            _agent.Answer(parts.InPieces(parts.Bytes[..parts.At]));
            var messages = new List<X509SVIDResponse>();
            if (cut) await AssertMalformedAsync(messages, "ended within a message");
            else await ReadAsync(messages);
            Assert.Equal(parts.Messages.Take(whole), messages);
        });

    [Property(MaxTest = 100)]
    public Property A_flag_that_is_not_zero_is_malformed_after_the_messages_before_it() =>
        ForAll(Inputs.Streams, async parts =>
        {
            var flag = (byte)((parts.Anywhere % 255) + 1);
            _agent.Answer(parts.InPieces([.. parts.Bytes, .. GrpcFrame.Of([], flag)]));
            var messages = new List<X509SVIDResponse>();
            await AssertMalformedAsync(messages, "is compressed");
            Assert.Equal(parts.Messages, messages);
        });

    [Property(MaxTest = 100), Trait("Spec", "WA-28")]
    public Property A_length_over_the_limit_is_refused() =>
        ForAll(Inputs.AnnouncedLengths, async announced =>
        {
            _agent.Answer([GrpcFrame.Of(new byte[1000], announced: announced)]);
            await AssertMalformedAsync([], announced > SpiffeLimits.Default.MaxMessageBytes ? "the limit (MaxMessageBytes), which is 16777216" : "ended within a message");
        });

    [Fact]
    public async Task Any_bytes_are_a_message_or_a_WorkloadApiException()
    {
        var random = new Random(2);
        var good = new X509SVIDResponse { Svids = { new X509SVID { SpiffeId = "spiffe://td/a", Hint = "ä" } }, FederatedBundles = { { "k", ByteString.CopyFromUtf8("v") } } }.ToByteArray();
        for (var i = 0; i < 2_000; i++)
        {
            byte[] message = [.. good];
            for (var flips = random.Next(1, 4); flips > 0; flips--) message[random.Next(message.Length)] = (byte)random.Next(256);
            _agent.Answer([[0, 0, 0, 0, (byte)message.Length, .. message[..random.Next(message.Length + 1)]]]);
            if (await Record.ExceptionAsync(() => ReadAsync([])) is { } e) Assert.IsType<WorkloadApiException>(e);
        }
    }

    // FsCheck blocks the thread of the test until the task ends, so the task must not need that thread: xunit may have no other.
    private static Property ForAll<T>(Arbitrary<T> inputs, Func<T, Task> holds) => Prop.ForAll(inputs, input => Task.Run(() => holds(input)));

    private async Task<List<X509SVIDResponse>> ReadAsync(List<X509SVIDResponse> messages)
    {
        await foreach (var message in _channel.WatchAsync((agent, options) => agent.FetchX509SVID(new(), options), _patience.Token)) messages.Add(message);
        return messages;
    }

    private async Task AssertMalformedAsync(List<X509SVIDResponse> messages, string because)
    {
        var e = await Assert.ThrowsAsync<WorkloadApiException>(() => ReadAsync(messages));
        Assert.Equal(WorkloadApiFailure.MalformedResponse, e.Failure);
        Assert.Contains(because, e.Message, StringComparison.Ordinal);
    }
}
