using AspNetSpiffe;
using Grpc.Core;

namespace GrpcMtls.Client;

/// <summary>One call of each kind, without any code for certificates.</summary>
internal sealed class Calls(Greeter.GreeterClient greeter)
{
    public async Task MakeAllAsync()
    {
        Show("SayHello", await greeter.SayHelloAsync(To("Ada")));
        await RepeatHelloAsync();
        await HelloToAllAsync();
        await ChatAsync();
        await ShowRefusalAsync("Forget", greeter.ForgetAsync(To("Ada")));
    }

    /// <summary>Shows why a call is rejected.</summary>
    public static async Task ShowRefusalAsync(string what, AsyncUnaryCall<HelloReply> call)
    {
        try
        {
            Show(what, await call);
        }
        catch (RpcException refusal)
        {
            // The status has the server's response; the exception of our handler has the reason why the server was rejected.
            var refused = refusal.Status.DebugException as SpiffePeerRejectedException;
            Console.WriteLine($"{what,-16}{refusal.StatusCode}: {refused?.Message ?? refusal.Status.Detail}");
        }
    }

    private async Task RepeatHelloAsync()
    {
        using var call = greeter.RepeatHello(To("Ada"));
        await foreach (var reply in call.ResponseStream.ReadAllAsync()) Show("RepeatHello", reply);
    }

    private async Task HelloToAllAsync()
    {
        using var call = greeter.HelloToAll();
        foreach (var name in (string[])["Ada", "Ben", "Eve"]) await call.RequestStream.WriteAsync(To(name));
        await call.RequestStream.CompleteAsync();
        Show("HelloToAll", await call);
    }

    private async Task ChatAsync()
    {
        using var call = greeter.Chat();
        foreach (var name in (string[])["Ada", "Ben"])
        {
            await call.RequestStream.WriteAsync(To(name));
            await call.ResponseStream.MoveNext();
            Show("Chat", call.ResponseStream.Current);
        }

        await call.RequestStream.CompleteAsync();
        await call.ResponseStream.MoveNext();
    }

    private static HelloRequest To(string name) => new() { Name = name };

    private static void Show(string what, HelloReply reply) => Console.WriteLine($"{what,-16}{reply.Message}");
}
