using AspNetSpiffe.TestKit;
using System.Text.Json.Nodes;
using Grpc.Core;

namespace AspNetSpiffe.InteropTests;

/// <summary>A Workload API server of @grpc/grpc-js that says what the test tells it to; see node/server.mjs.</summary>
internal sealed class NodeWorkloadApi : IAsyncDisposable
{
    private readonly OutsideProgram _server;
    private readonly List<JsonNode> _calls = [];

    private NodeWorkloadApi(OutsideProgram server, string socket) => (_server, Address) = (server, $"unix://{socket}");

    public string Address { get; }

    public static async Task<NodeWorkloadApi> StartAsync(string socket, CancellationToken cancellationToken)
    {
        var api = new NodeWorkloadApi(OutsideProgram.Start(Tools.Node, Tools.NodeServer, Tools.Proto, socket), socket);
        try
        {
            await api.WaitForAsync("listening", cancellationToken);
            return api;
        }
        catch
        {
            await api.DisposeAsync();
            throw;
        }
    }

    /// <summary>Says what a method answers from now on; its open streams get it at once.</summary>
    public Task SayAsync(string method, JsonObject message, CancellationToken cancellationToken) =>
        OrderAsync(new JsonObject { ["order"] = "say", ["method"] = method, ["message"] = message }, cancellationToken);

    /// <summary>Ends the open streams of a method; the next ones are answered as before.</summary>
    public Task EndAsync(string method, StatusCode code, string details, CancellationToken cancellationToken) =>
        OrderAsync(Ending("end", method, code, details), cancellationToken);

    /// <summary>Ends the open streams of a method, and refuses its calls until it is told again what to say.</summary>
    public Task RefuseAsync(string method, StatusCode code, string details, CancellationToken cancellationToken) =>
        OrderAsync(Ending("refuse", method, code, details), cancellationToken);

    /// <summary>Waits for the next call, and gives its method and request.</summary>
    public async Task<JsonNode> NextCallAsync(CancellationToken cancellationToken)
    {
        if (_calls.Count == 0) await WaitForAsync("call", cancellationToken);
        var call = _calls[0];
        _calls.RemoveAt(0);
        return call;
    }

    /// <summary>Kills the server, as kill -9 does: its socket file stays.</summary>
    public Task KillAsync() => _server.KillAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static JsonObject Ending(string order, string method, StatusCode code, string details) =>
        new() { ["order"] = order, ["method"] = method, ["code"] = (int)code, ["details"] = details };

    private async Task OrderAsync(JsonObject order, CancellationToken cancellationToken)
    {
        await _server.WriteLineAsync(order.ToJsonString(), cancellationToken);
        await WaitForAsync("done", cancellationToken);
    }

    // Calls may come at any time, also between an order and its "done".
    private async Task WaitForAsync(string wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            var happened = JsonNode.Parse(await _server.ReadLineAsync(cancellationToken))!;
            var name = (string)happened["event"]!;
            if (name == "call") _calls.Add(happened);
            if (name == wanted) return;
        }
    }
}
