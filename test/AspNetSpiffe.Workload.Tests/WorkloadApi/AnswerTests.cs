using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf;
using Grpc.Core;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>Messages on the wire, right and wrong: what is read of them, what is said of them, and what is left of them in memory.</summary>
public sealed class AnswerTests(ITestOutputHelper output) : AgentTest(output)
{
    private const int MaxLength = 8 * 1024 * 1024;
    private const string Secret = "recognisable-secret";

    private static readonly X509SVIDResponse Message = new() { Svids = { new X509SVID { SpiffeId = "spiffe://td/a", X509SvidKey = ByteString.CopyFromUtf8(Secret) } } };
    private static readonly byte[] Bytes = Message.ToByteArray();

    private AgentChannel? _channel;

    private AgentChannel Channel => _channel ??= new(WorkloadApiAddress.Parse(Agent.Address), KeepAlive.Default, new() { MaxMessageBytes = MaxLength, MaxSvids = 2 });

    protected override async ValueTask StopAsync()
    {
        _channel?.Dispose();
        await base.StopAsync();
    }

    [Fact]
    public async Task Messages_are_read_in_order_until_the_end_of_the_stream() =>
        Assert.Equal([Message, new(), Message], await ReadAsync(GrpcFrame.Of(Bytes), GrpcFrame.Of([]), GrpcFrame.Of(Bytes)));

    [Fact]
    public async Task A_message_that_comes_byte_by_byte_is_read() => Assert.Equal([Message], await ReadAsync([.. GrpcFrame.Of(Bytes).Select(b => new[] { b })]));

    [Theory, Trait("Spec", "WA-28")]
    [InlineData(MaxLength + 1u)]
    [InlineData(0x7FFFFFFFu)]
    [InlineData(0xFFFFFFFFu)]
    public async Task A_length_over_the_limit_is_refused_before_anything_is_allocated_for_it(uint length)
    {
        using var pool = new PoolInspector(2 * MaxLength);
        var before = GC.GetTotalAllocatedBytes();
        await AssertMalformedAsync($"A message is longer than the limit (MaxMessageBytes), which is {MaxLength}.", GrpcFrame.Of([1, 2, 3], announced: length));
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 0x7FFFFFFF);
        Assert.Empty(pool.Returned);
    }

    /// <remarks>An array of that length is taken from the pool, but the system gives memory for what is written into it only.</remarks>
    [Fact, Trait("Spec", "WA-28"), Trait("Trial", "H-19")]
    public async Task A_length_is_no_reason_to_take_memory_before_the_bytes_have_come()
    {
        const int Length = 256 * 1024 * 1024;
        using var pool = new PoolInspector(Length);
        using var channel = new AgentChannel(WorkloadApiAddress.Parse(Agent.Address), KeepAlive.Default, new() { MaxMessageBytes = Length });
        var before = Environment.WorkingSet;
        Agent.SendRaw(GrpcFrame.Of([1, 2, 3], announced: Length));
        await using var watch = channel.WatchAsync((agent, options) => agent.FetchX509SVID(new(), options), Patience).GetAsyncEnumerator();
        var next = watch.MoveNextAsync().AsTask();
        await pool.WaitForRentAsync(Patience);
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, Length / 2);

        Agent.CloseWith(StatusCode.OK);
        await Assert.ThrowsAsync<WorkloadApiException>(() => next);
    }

    [Fact, Trait("Spec", "WA-28")]
    public async Task A_message_as_long_as_the_limit_is_read()
    {
        // Tag and four bytes of length, twice.
        var message = new X509SVIDResponse { Svids = { new X509SVID { Bundle = ByteString.CopyFrom(new byte[MaxLength - 10]) } } };
        Assert.Equal(MaxLength, message.CalculateSize());
        Assert.Equal([message], await ReadAsync(GrpcFrame.Of(message.ToByteArray())));
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(1, "gzip")]
    [InlineData(1, "identity")]
    [InlineData(2, null)]
    public async Task A_compressed_message_is_refused(byte flag, string? encoding)
    {
        Agent.SendRaw(GrpcFrame.Of(Bytes, flag), encoding);
        await AssertMalformedAsync("A message is compressed, although we offered no compression.");
    }

    [Fact]
    public async Task An_encoding_that_is_named_and_not_used_harms_nobody()
    {
        Agent.SendRaw(GrpcFrame.Of(Bytes), "gzip");
        Assert.Equal([Message], await ReadAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public Task A_truncated_prefix_is_refused(int length) => AssertMalformedAsync("ended within a message", GrpcFrame.Of(Bytes)[..length]);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public Task A_truncated_message_is_refused(int left) => AssertMalformedAsync("ended within a message", GrpcFrame.Of(Bytes.AsSpan(0, left), announced: (uint)Bytes.Length));

    [Fact]
    public Task Bytes_that_are_no_message_are_refused_and_not_shown() =>
        AssertMalformedAsync($"A message of {Bytes.Length + 1} bytes is not a message of the Workload API.", GrpcFrame.Of([.. Bytes, 0xFF]));

    [Fact, Trait("Spec", "WA-28"), Trait("Spec", "WA-07")]
    public async Task A_message_that_holds_too_much_says_so_and_does_not_end_the_stream()
    {
        var answers = await ReadAsync(GrpcFrame.Of(new X509SVIDResponse { Svids = { new X509SVID(), new X509SVID(), new X509SVID() } }.ToByteArray()), GrpcFrame.Of(Bytes));
        Assert.Equal("The message has 3 SVIDs; the limit (MaxSvids) is 2.", answers[0].Refusal?.Message);
        Assert.Empty(answers[0].Svids);
        Assert.Null(answers[1].Refusal);
    }

    [Theory]
    [InlineData("good")]
    [InlineData("no protobuf")]
    [InlineData("over a limit")]
    public async Task The_buffer_of_a_message_is_cleared_before_the_pool_has_it_back(string kind)
    {
        // So long that no other test takes arrays of its length from the pool: the next power of two.
        var large = new X509SVIDResponse(Message) { Crl = { ByteString.CopyFrom(Enumerable.Repeat((byte)1, 3 * 1024 * 1024).ToArray()) } };
        if (kind == "over a limit") large.Svids.Add([new X509SVID(), new X509SVID()]);
        byte[] bytes = [.. large.ToByteArray(), .. kind == "no protobuf" ? new byte[] { 0xFF } : []];
        using var pool = new PoolInspector(4 * 1024 * 1024);
        var failure = await Record.ExceptionAsync(() => ReadAsync(GrpcFrame.Of(bytes)));

        if (kind == "no protobuf") Assert.Contains("is not a message of the Workload API", Assert.IsType<WorkloadApiException>(failure).Message, StringComparison.Ordinal);
        else Assert.Null(failure);
        var buffer = Assert.Single(pool.Returned);
        Assert.Equal(-1, buffer.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(Secret)));
        Assert.False(buffer.AsSpan(0, bytes.Length).ContainsAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(16_380)]
    [InlineData(16_384)]
    [InlineData(40_000)]
    public async Task A_message_of_several_frames_of_HTTP2_has_every_byte(int length)
    {
        var svid = new X509SVID { SpiffeId = new string('a', length), X509Svid = ByteString.CopyFrom([.. Enumerable.Range(0, 20_000).Select(i => (byte)i)]), Hint = "last" };
        Assert.Equal([new() { Svids = { svid } }], await ReadAsync(GrpcFrame.Of(new X509SVIDResponse { Svids = { svid } }.ToByteArray())));
    }

    private async Task<List<X509SVIDResponse>> ReadAsync(params byte[][] writes)
    {
        foreach (var bytes in writes) Agent.SendRaw(bytes);
        Agent.CloseWith(StatusCode.OK);
        var messages = new List<X509SVIDResponse>();
        await foreach (var message in Channel.WatchAsync((agent, options) => agent.FetchX509SVID(new(), options), Patience)) messages.Add(message);
        return messages;
    }

    private async Task AssertMalformedAsync(string what, params byte[][] writes)
    {
        var e = await Assert.ThrowsAsync<WorkloadApiException>(() => ReadAsync(writes));
        Assert.Equal((WorkloadApiFailure.MalformedResponse, true), (e.Failure, e.IsTransient));
        Assert.Contains(what, e.Message, StringComparison.Ordinal);
        Assert.Contains("check the address", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, e.ToString(), StringComparison.Ordinal);
    }
}
