using Xunit.Abstractions;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>How a call ends, and what its error says.</summary>
public sealed class StatusTests(ITestOutputHelper output) : ClientTest(output)
{
    [Theory]
    [Trait("Spec", "EP-23"), Trait("Spec", "EP-24"), Trait("Spec", "EP-25"), Trait("Spec", "EP-26"), Trait("Spec", "EP-27")]
    [InlineData(GrpcStatusCode.PermissionDenied, true, "create a registration entry")]
    [InlineData(GrpcStatusCode.Unavailable, true, "")]
    [InlineData(GrpcStatusCode.InvalidArgument, false, "may be of another version")]
    [InlineData(GrpcStatusCode.Unimplemented, false, "check the address")]
    [InlineData(GrpcStatusCode.Internal, true, "")]
    [InlineData(GrpcStatusCode.Unknown, true, "")]
    [InlineData(GrpcStatusCode.ResourceExhausted, true, "")]
    [InlineData(GrpcStatusCode.DeadlineExceeded, true, "")]
    [InlineData(GrpcStatusCode.Cancelled, true, "")]
    public async Task A_status_without_messages_is_read_from_the_headers(GrpcStatusCode code, bool transient, string advice)
    {
        Agent.CloseWith(code, "the agent's own words");
        var e = await FailsAsync(FetchAsync, WorkloadApiFailure.Status, $"It answered '{code}: the agent's own words'.", advice);
        Assert.Equal((code, transient), (e.StatusCode, e.IsTransient));
    }

    [Fact]
    public async Task A_status_after_messages_is_read_from_the_trailers()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        Agent.CloseWith(GrpcStatusCode.PermissionDenied, "revoked");
        await using var watch = Client.WatchX509ContextAsync(Patience).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());

        var e = await FailsAsync(() => watch.MoveNextAsync().AsTask(), WorkloadApiFailure.Status, "'PermissionDenied: revoked'");
        Assert.Equal(GrpcStatusCode.PermissionDenied, e.StatusCode);
    }

    [Theory]
    [InlineData("%C3%BCber 100%25", "über 100%")]
    [InlineData("100% sure", "100% sure")]
    [InlineData("ends with %4", "ends with %4")]
    [InlineData("ends with %41", "ends with A")]
    [InlineData("two%0D%0Alines", "two  lines")]
    [InlineData("bad %FF bytes", "bad \uFFFD bytes")]
    public async Task The_text_of_a_status_is_decoded_and_stays_on_one_line(string sent, string shown)
    {
        Agent.CloseWith("14", sent);
        await FailsAsync(FetchAsync, WorkloadApiFailure.Status, $"It answered 'Unavailable: {shown}'.");
    }

    [Fact]
    public async Task A_very_long_text_of_a_status_is_cut()
    {
        Agent.CloseWith(GrpcStatusCode.Unavailable, new string('x', 5000));
        var e = await FailsAsync(FetchAsync, WorkloadApiFailure.Status, new string('x', 500) + "…'");
        Assert.DoesNotContain(new string('x', 501), e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("99", "It answered 'Unknown'.")]
    [InlineData("-1", "a status that is no number")]
    [InlineData("seven", "a status that is no number")]
    public async Task A_status_that_gRPC_does_not_know_is_Unknown(string status, string text)
    {
        Agent.CloseWith(status, "");
        var e = await FailsAsync(FetchAsync, WorkloadApiFailure.Status, text);
        Assert.Equal(GrpcStatusCode.Unknown, e.StatusCode);
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
        Agent.CloseWith(GrpcStatusCode.Ok);
        await FailsAsync(FetchAsync, WorkloadApiFailure.MalformedResponse, "ended before its first message");
    }

    [Fact]
    public async Task A_truncated_message_is_malformed_even_when_the_status_is_Ok()
    {
        Agent.SendRaw([0, 0, 0]);
        Agent.CloseWith(GrpcStatusCode.Ok);
        await FailsAsync(FetchAsync, WorkloadApiFailure.MalformedResponse, "ended within a message", "check the address");
    }

    [Theory]
    [InlineData(500, "text/html")]
    [InlineData(404, "text/plain")]
    [InlineData(404, "application/grpc")]
    [InlineData(200, "text/html")]
    [InlineData(200, "application/grpc-web")]
    [InlineData(200, null)]
    public async Task An_answer_that_is_not_gRPC_says_so(int status, string? contentType)
    {
        Agent.AnswerHttp(status, contentType, "<html>");
        var e = await FailsAsync(FetchAsync, WorkloadApiFailure.MalformedResponse, $"HTTP {status} and content type '{contentType}'", "no SPIFFE Workload API: check the address");
        Assert.True(e.IsTransient);
    }

    [Fact]
    public async Task A_content_type_that_names_the_encoding_is_gRPC()
    {
        Agent.AnswerHttp(200, "application/grpc+proto");
        await FailsAsync(FetchAsync, WorkloadApiFailure.ConnectionLost, "ended without a status");
    }
}
