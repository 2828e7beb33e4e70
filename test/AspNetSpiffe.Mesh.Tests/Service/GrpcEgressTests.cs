using System.Text.Json.Nodes;
using AspNetSpiffe.TestKit;
using Grpc.Core;
using Mesh;

namespace AspNetSpiffe.MeshTests;

/// <summary>The gRPC egress: forwarded calls, and <c>endpoint.Endpoint/Connect</c>.</summary>
public sealed class GrpcEgressTests(ITestOutputHelper output) : ServiceTest(output)
{
    private static readonly string Client = Repository.PathOf("test", "AspNetSpiffe.Mesh.Tests", "node", "reflection-client.mjs");

    [Fact]
    public async Task A_call_goes_to_the_service_that_its_authority_names()
    {
        var (a, _) = await StartPairAsync();
        using var channel = ChannelThrough(a, B);
        var reply = await new Greeter.GreeterClient(channel).HelloAsync(new(), cancellationToken: Patience);
        Assert.Equal((IdOfA, IdOfB), (reply.Caller, reply.Service));
    }

    [Fact]
    public async Task A_service_that_answers_under_another_name_is_a_failed_precondition()
    {
        ExpectWarning("NotForwarded");
        var (a, _) = await StartPairAsync();
        using var channel = ChannelThrough(a, C);
        var refused = await Assert.ThrowsAsync<RpcException>(() => new Greeter.GreeterClient(channel).HelloAsync(new(), cancellationToken: Patience).ResponseAsync);
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        Assert.Contains($"It presented '{IdOfB}'", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_router_that_is_away_is_unavailable()
    {
        ExpectWarning("NotForwarded");
        var a = await StartAsync(OptionsOf(A, NoRouter));
        using var channel = ChannelThrough(a, B);
        var refused = await Assert.ThrowsAsync<RpcException>(() => new Greeter.GreeterClient(channel).HelloAsync(new(), cancellationToken: Patience).ResponseAsync);
        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
    }

    [Theory]
    [InlineData("page.attacker.test")]
    [InlineData("127.0.0.2:1")]
    public async Task A_call_to_another_authority_is_denied(string authority)
    {
        var (a, _) = await StartPairAsync();
        using var channel = ChannelThrough(a, authority);
        var refused = await Assert.ThrowsAsync<RpcException>(() => new Greeter.GreeterClient(channel).HelloAsync(new(), cancellationToken: Patience).ResponseAsync);
        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v1alpha")]
    public async Task A_client_that_knows_it_only_by_reflection_connects(string version)
    {
        var (a, b) = await StartPairAsync();
        await using var client = OutsideProgram.Start("node", Client, $"{a.GrpcProxy}", "endpoint.Endpoint", "Connect", $$"""{"address":"{{b.Api}}","sni":"{{B}}"}""", version);
        Assert.Contains("endpoint.Endpoint", await client.ReadLineAsync(Patience), StringComparison.Ordinal);
        var line = await client.ReadLineAsync(Patience);
        var reply = JsonNode.Parse(line)!["reply"];
        Assert.True(reply is not null, line);
        Assert.Equal(IdOfB, (string?)reply["spiffe_id"]);
        Assert.Equal(b.Source.Current!.DefaultSvid.Leaf.SerialNumber, (string?)reply["serial_number"]);
        Assert.Equal(b.Source.Current!.DefaultSvid.NotAfter.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture), (string?)reply["expires"]!["seconds"]);
        Assert.Equal("Tls13", (string?)reply["protocol"]);
    }

    [Theory]
    [InlineData("127.0.0.1", B, StatusCode.InvalidArgument, "address:")]
    [InlineData("", B, StatusCode.InvalidArgument, "address:")]
    [InlineData("127.0.0.1:0", B, StatusCode.InvalidArgument, "address:")]
    [InlineData("unix:relative", B, StatusCode.InvalidArgument, "address:")]
    [InlineData("unix:/nobody/is/here.sock", "deadbeef.deadbeef", StatusCode.InvalidArgument, "sni:")]
    [InlineData("unix:/nobody/is/here.sock", B, StatusCode.Unavailable, "did not answer")]
    public async Task Connect_says_what_is_wrong(string address, string sni, StatusCode status, string detail)
    {
        var a = await StartAsync(OptionsOf(A, NoRouter));
        var refused = await Assert.ThrowsAsync<RpcException>(() => ConnectAsync(a, address, sni));
        Assert.Equal(status, refused.StatusCode);
        Assert.Contains(detail, refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_refuses_a_server_with_another_SPIFFE_ID()
    {
        var (a, b) = await StartPairAsync();
        var refused = await Assert.ThrowsAsync<RpcException>(() => ConnectAsync(a, $"{b.Api}", C));
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        Assert.Contains($"only {IdOfC} may answer; it presented {IdOfB}", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_is_not_for_other_services()
    {
        var (a, _) = await StartPairAsync();
        using var channel = ChannelThrough(a, B);
        var refused = await Assert.ThrowsAsync<RpcException>(() => new Endpoint.EndpointClient(channel).ConnectAsync(new() { Address = "127.0.0.1:1", Sni = A }, cancellationToken: Patience).ResponseAsync);
        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
    }

    [Fact]
    public async Task The_API_is_not_behind_a_door()
    {
        var (a, _) = await StartPairAsync();
        using var channel = ChannelThrough(a, $"{a.GrpcProxy}");
        var refused = await Assert.ThrowsAsync<RpcException>(() => new Greeter.GreeterClient(channel).HelloAsync(new(), cancellationToken: Patience).ResponseAsync);
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
    }

    private async Task<ConnectReply> ConnectAsync(RunningService a, string address, string sni)
    {
        using var channel = ChannelThrough(a, $"{a.GrpcProxy}");
        return await new Endpoint.EndpointClient(channel).ConnectAsync(new() { Address = address, Sni = sni }, cancellationToken: Patience);
    }
}
