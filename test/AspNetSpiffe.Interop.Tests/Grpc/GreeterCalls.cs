using Grpc.Core;
using GrpcMtls;

namespace AspNetSpiffe.InteropTests;

/// <summary>Calls a method of the greeter by its name, and gives all replies.</summary>
internal static class GreeterCalls
{
    public static async Task<List<string>> CallAsync(this Greeter.GreeterClient greeter, string method, string[] names, CancellationToken cancellationToken)
    {
        switch (method)
        {
            case "SayHello":
                return [(await greeter.SayHelloAsync(To(names.Single()), cancellationToken: cancellationToken)).Message];

            case "RepeatHello":
                using (var call = greeter.RepeatHello(To(names.Single()), cancellationToken: cancellationToken))
                    return await call.ResponseStream.ReadAllAsync(cancellationToken).Select(static reply => reply.Message).ToListAsync(cancellationToken);

            case "HelloToAll":
                using (var call = greeter.HelloToAll(cancellationToken: cancellationToken))
                {
                    foreach (var name in names) await call.RequestStream.WriteAsync(To(name), cancellationToken);
                    await call.RequestStream.CompleteAsync();
                    return [(await call).Message];
                }

            case "Chat":
                using (var call = greeter.Chat(cancellationToken: cancellationToken))
                    return await ChatAsync(call, names, cancellationToken);

            default:
                throw new ArgumentException($"The greeter has no method '{method}'.", nameof(method));
        }
    }

    // Each name waits for the answer to the one before: both streams are open at once.
    private static async Task<List<string>> ChatAsync(AsyncDuplexStreamingCall<HelloRequest, HelloReply> call, string[] names, CancellationToken cancellationToken)
    {
        List<string> replies = [];
        foreach (var name in names)
        {
            await call.RequestStream.WriteAsync(To(name), cancellationToken);
            Assert.True(await call.ResponseStream.MoveNext(cancellationToken));
            replies.Add(call.ResponseStream.Current.Message);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(cancellationToken));
        return replies;
    }

    private static HelloRequest To(string name) => new() { Name = name };
}
