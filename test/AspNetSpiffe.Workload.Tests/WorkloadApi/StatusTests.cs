using Grpc.Core;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>How a call ends, and what its error says.</summary>
public sealed class StatusTests(ITestOutputHelper output) : ClientTest(output)
{
    [Theory]
    [Trait("Spec", "EP-23"), Trait("Spec", "EP-24"), Trait("Spec", "EP-25"), Trait("Spec", "EP-26"), Trait("Spec", "EP-27")]
    [InlineData(StatusCode.PermissionDenied, true, "create a registration entry")]
    [InlineData(StatusCode.Unavailable, true, "")]
    [InlineData(StatusCode.InvalidArgument, false, "may be of another version")]
    [InlineData(StatusCode.Unimplemented, false, "check the address")]
    [InlineData(StatusCode.Internal, true, "")]
    [InlineData(StatusCode.Unknown, true, "")]
    [InlineData(StatusCode.ResourceExhausted, true, "")]
    [InlineData(StatusCode.DeadlineExceeded, true, "")]
    [InlineData(StatusCode.Cancelled, true, "")]
    public async Task A_status_without_messages_is_read_from_the_headers(StatusCode code, bool transient, string advice)
    {
        Agent.CloseWith(code, "the agent's own words");
        var e = await FailsAsync(FetchAsync, WorkloadApiFailure.Status, $"It answered '{code}: the agent's own words'.", advice);
        Assert.Equal((code, transient), (e.StatusCode, e.IsTransient));
    }

    [Fact]
    public async Task A_status_after_messages_is_read_from_the_trailers()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        Agent.CloseWith(StatusCode.PermissionDenied, "revoked");
        await using var watch = Client.WatchX509ContextAsync(Patience).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());

        var e = await FailsAsync(() => watch.MoveNextAsync().AsTask(), WorkloadApiFailure.Status, "'PermissionDenied: revoked'");
        Assert.Equal(StatusCode.PermissionDenied, e.StatusCode);
    }

    [Theory]
    [InlineData("%C3%BCber 100%25", "über 100%")]
    [InlineData("100% sure", "100% sure")]
    [InlineData("ends with %4", "ends with %4")]
    [InlineData("ends with %41", "ends with A")]
    [InlineData("two%0D%0Alines", "two  lines")]
    [InlineData("bad %FF bytes", "bad %FF bytes")]
    public async Task The_text_of_a_status_is_decoded_and_stays_on_one_line(string sent, string shown)
    {
        Agent.CloseWith("14", sent);
        await FailsAsync(FetchAsync, WorkloadApiFailure.Status, $"It answered 'Unavailable: {shown}'.");
    }

    [Fact]
    public async Task A_very_long_text_of_a_status_is_cut()
    {
        Agent.CloseWith(StatusCode.Unavailable, new string('x', 5000));
        var e = await FailsAsync(FetchAsync, WorkloadApiFailure.Status, new string('x', 500) + "…'");
        Assert.DoesNotContain(new string('x', 501), e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("99", "It answered 'Unknown'.")]
    [InlineData("-1", "It answered 'Unknown'.")]
    [InlineData("seven", "a status that is not a number")]
    public async Task A_status_that_gRPC_does_not_know_is_Unknown(string status, string text)
    {
        Agent.CloseWith(status, "");
        var e = await FailsAsync(FetchAsync, WorkloadApiFailure.Status, text);
        Assert.Equal(StatusCode.Unknown, e.StatusCode);
    }

    [Fact]
    public async Task A_status_after_messages_that_is_no_number_is_Unknown()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        Agent.CloseWith("seven", "");
        Assert.Equal(StatusCode.Unknown, (await FailsAsync(WatchToTheEndAsync, WorkloadApiFailure.Status, "a status that is not a number")).StatusCode);
    }

    [Theory]
    [InlineData(0x2), InlineData(0x8), InlineData(0xB), InlineData(0xC)]
    public async Task An_error_of_HTTP2_is_a_lost_connection_and_no_status(int errorCode)
    {
        // Of 0xC, INADEQUATE_SECURITY, gRPC makes PermissionDenied: to us that our identity is withdrawn.
        Agent.Reset(errorCode);
        Assert.Equal(StatusCode.Unavailable, (await FailsAsync(FetchAsync, WorkloadApiFailure.ConnectionLost)).StatusCode);
    }

    [Fact]
    public async Task A_stream_that_ends_without_a_status_is_a_lost_connection()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        Agent.CloseWithoutStatus();
        await FailsAsync(WatchToTheEndAsync, WorkloadApiFailure.ConnectionLost, "ended without a status");
    }

    [Fact]
    public async Task An_answer_without_messages_and_status_is_a_lost_connection()
    {
        Agent.CloseWithoutStatus();
        await FailsAsync(FetchAsync, WorkloadApiFailure.ConnectionLost, "ended without a status");
    }

    [Fact]
    public async Task A_success_without_the_message_that_was_asked_for_is_malformed()
    {
        Agent.CloseWith(StatusCode.OK);
        await FailsAsync(FetchAsync, WorkloadApiFailure.MalformedResponse, "ended before its first message");
    }

    [Fact]
    public async Task A_truncated_message_is_malformed_even_when_the_status_is_Ok()
    {
        Agent.SendRaw([0, 0, 0]);
        Agent.CloseWith(StatusCode.OK);
        await FailsAsync(FetchAsync, WorkloadApiFailure.MalformedResponse, "ended within a message", "check the address");
    }

    [Theory]
    [InlineData(403, "text/html")]
    [InlineData(403, "application/grpc")]
    [InlineData(401, null)]
    [InlineData(503, "text/plain")]
    [InlineData(500, "text/html")]
    [InlineData(404, "text/plain")]
    [InlineData(404, "application/grpc")]
    [InlineData(200, "text/html")]
    [InlineData(200, "application/grpc-web")]
    [InlineData(200, null)]
    public async Task An_answer_that_is_not_gRPC_says_so(int status, string? contentType)
    {
        Agent.AnswerHttp(status, contentType, "<html>");
        var e = await FailsAsync(FetchAsync, WorkloadApiFailure.MalformedResponse, $"HTTP {status} and content type '{contentType}'", "not a SPIFFE Workload API: check the address");
        Assert.Equal((StatusCode.Unavailable, true), (e.StatusCode, e.IsTransient));
    }

    [Fact]
    public async Task A_content_type_that_names_the_encoding_is_gRPC()
    {
        Agent.AnswerHttp(200, "application/grpc+proto");
        await FailsAsync(FetchAsync, WorkloadApiFailure.ConnectionLost, "ended without a status");
    }
}
