using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AspNetSpiffe.InteropTests;

/// <summary>The greeter of samples/GrpcMtls/greeter.proto as plain endpoints, as Grpc.AspNetCore makes them: each method is a POST with a policy of its own.</summary>
internal sealed class GreeterService
{
    private readonly ConcurrentQueue<string> _calls = new();

    /// <summary>Gets whom it has answered, and with which method.</summary>
    public IEnumerable<string> Calls => _calls;

    public void Map(IEndpointRouteBuilder app, string anyCaller, string caller)
    {
        Map(app, "SayHello", names => names.Select(name => $"Hello, {name}.")).RequireAuthorization(anyCaller);
        Map(app, "RepeatHello", RepeatAsync).RequireAuthorization(caller);
        Map(app, "HelloToAll", ToAllAsync).RequireAuthorization(caller);
        Map(app, "Chat", names => names.Select(name => $"Hello, {name}.")).RequireAuthorization(caller);
    }

    private IEndpointConventionBuilder Map(IEndpointRouteBuilder app, string method, Func<IAsyncEnumerable<string>, IAsyncEnumerable<string>> answer) =>
        app.MapPost($"/greeter.Greeter/{method}", async http =>
        {
            _calls.Enqueue($"{method} {http.GetSpiffeId()}");
            http.Response.ContentType = "application/grpc";
            await foreach (var reply in answer(GrpcMessages.ReadAsync(http.Request.Body, http.RequestAborted)))
                await GrpcMessages.WriteAsync(http.Response.Body, reply, http.RequestAborted);
            http.Response.AppendTrailer("grpc-status", "0");
        });

    private static async IAsyncEnumerable<string> RepeatAsync(IAsyncEnumerable<string> names)
    {
        var name = await names.SingleAsync();
        for (var number = 1; number <= 3; number++) yield return $"Hello {number}, {name}.";
    }

    private static async IAsyncEnumerable<string> ToAllAsync(IAsyncEnumerable<string> names)
    {
        yield return $"Hello, {string.Join(" and ", await names.ToArrayAsync())}.";
    }
}
