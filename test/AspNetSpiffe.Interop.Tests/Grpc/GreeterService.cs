using System.Collections.Concurrent;
using Grpc.Core;
using GrpcMtls;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.InteropTests;

/// <summary>The greeter of samples/GrpcMtls/greeter.proto: each member of the trust domain may say hello, and one caller may do the rest.</summary>
[Authorize(Policy = "spiffe://example.org/**")]
internal sealed class GreeterService : Greeter.GreeterBase
{
    private readonly ConcurrentQueue<string> _calls = new();

    /// <summary>Gets whom it has answered, and with which method.</summary>
    public IEnumerable<string> Calls => _calls;

    public override Task<HelloReply> SayHello(HelloRequest request, ServerCallContext context)
    {
        Note(context);
        return Task.FromResult(Reply($"Hello, {request.Name}."));
    }

    [Authorize(Policy = GreeterTest.CallerId)]
    public override async Task RepeatHello(HelloRequest request, IServerStreamWriter<HelloReply> responseStream, ServerCallContext context)
    {
        Note(context);
        for (var number = 1; number <= 3; number++) await responseStream.WriteAsync(Reply($"Hello {number}, {request.Name}."), context.CancellationToken);
    }

    [Authorize(Policy = GreeterTest.CallerId)]
    public override async Task<HelloReply> HelloToAll(IAsyncStreamReader<HelloRequest> requestStream, ServerCallContext context)
    {
        Note(context);
        return Reply($"Hello, {string.Join(" and ", await requestStream.ReadAllAsync(context.CancellationToken).Select(static request => request.Name).ToArrayAsync())}.");
    }

    [Authorize(Policy = GreeterTest.CallerId)]
    public override async Task Chat(IAsyncStreamReader<HelloRequest> requestStream, IServerStreamWriter<HelloReply> responseStream, ServerCallContext context)
    {
        Note(context);
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken)) await responseStream.WriteAsync(Reply($"Hello, {request.Name}."), context.CancellationToken);
    }

    private void Note(ServerCallContext context) => _calls.Enqueue($"{context.Method.Split('/')[^1]} {context.GetHttpContext().GetSpiffeId()}");

    private static HelloReply Reply(string message) => new() { Message = message };
}
