using AspNetSpiffe.TestKit;
using System.Text.Json.Nodes;

namespace AspNetSpiffe.InteropTests;

/// <summary>A greeter that shares no code with us, listens with mutual TLS and says who calls it.</summary>
internal sealed class ForeignGreeter : IAsyncDisposable
{
    private readonly OutsideProgram _server;

    private ForeignGreeter(OutsideProgram server) => _server = server;

    public string Address { get; private set; } = "";

    public static async Task<ForeignGreeter> StartAsync(OutsideProgram server, CancellationToken cancellationToken)
    {
        var greeter = new ForeignGreeter(server);
        try
        {
            greeter.Address = $"127.0.0.1:{(await greeter.ReadAsync("listening", cancellationToken))["port"]}";
            return greeter;
        }
        catch
        {
            await greeter.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits for the next call, and gives its method and caller.</summary>
    public async Task<string> NextCallAsync(CancellationToken cancellationToken)
    {
        var call = await ReadAsync("call", cancellationToken);
        return $"{call["method"]} {call["caller"]}";
    }

    /// <summary>Stops it, and gives what it has said since.</summary>
    public async Task<string> StopAsync(CancellationToken cancellationToken) => (await _server.FinishAsync("", cancellationToken)).Output;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task<JsonNode> ReadAsync(string wanted, CancellationToken cancellationToken)
    {
        var happened = JsonNode.Parse(await _server.ReadLineAsync(cancellationToken))!;
        Assert.Equal(wanted, (string)happened["event"]!);
        return happened;
    }
}
