using Grpc.Core;
using Microsoft.AspNetCore.Authorization;

namespace GrpcMtls.Server;

/// <summary>Greets members of the trust domain; most methods are for one of them only.</summary>
[Authorize(Policy = "spiffe://example.org/**")]
internal sealed class GreeterService : Greeter.GreeterBase
{
    public override Task<HelloReply> SayHello(HelloRequest request, ServerCallContext context) =>
        Task.FromResult(Reply($"Hello, {request.Name}. You are {context.GetHttpContext().GetSpiffeId()}."));

    [Authorize(Policy = "spiffe://example.org/client")]
    public override async Task RepeatHello(HelloRequest request, IServerStreamWriter<HelloReply> replies, ServerCallContext context)
    {
        for (var number = 1; number <= 3; number++) await replies.WriteAsync(Reply($"Hello {number}, {request.Name}."), context.CancellationToken);
    }

    [Authorize(Policy = "spiffe://example.org/client")]
    public override async Task<HelloReply> HelloToAll(IAsyncStreamReader<HelloRequest> requests, ServerCallContext context) =>
        Reply($"Hello, {string.Join(" and ", await requests.ReadAllAsync(context.CancellationToken).Select(request => request.Name).ToArrayAsync())}.");

    [Authorize(Policy = "spiffe://example.org/client")]
    public override async Task Chat(IAsyncStreamReader<HelloRequest> requests, IServerStreamWriter<HelloReply> replies, ServerCallContext context)
    {
        await foreach (var request in requests.ReadAllAsync(context.CancellationToken))
            await replies.WriteAsync(Reply($"Hello, {request.Name}."), context.CancellationToken);
    }

    [Authorize(Policy = "spiffe://example.org/ops/**")]
    public override Task<HelloReply> Forget(HelloRequest request, ServerCallContext context) => Task.FromResult(Reply($"Who is {request.Name}?"));

    private static HelloReply Reply(string message) => new() { Message = message };
}
