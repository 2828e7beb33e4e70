using AspNetSpiffe.TestKit;
using System.Text.Json.Nodes;

namespace AspNetSpiffe.InteropTests;

/// <summary>One call of a foreign gRPC client to an agent: its messages as JSON, then its status.</summary>
public sealed class ForeignCall : IAsyncDisposable
{
    private readonly OutsideProgram _client;

    internal ForeignCall(OutsideProgram client) => _client = client;

    /// <summary>Gives the next message; the test fails when the status comes instead.</summary>
    public async Task<JsonNode> ReadMessageAsync(CancellationToken cancellationToken)
    {
        var line = await _client.ReadLineAsync(cancellationToken);
        return JsonNode.Parse(line)!["message"] ?? throw new Xunit.Sdk.XunitException($"No message came, but {line}.");
    }

    /// <summary>Gives the status; the test fails when one more message comes instead.</summary>
    public async Task<(int Code, string Details)> ReadStatusAsync(CancellationToken cancellationToken)
    {
        var line = JsonNode.Parse(await _client.ReadLineAsync(cancellationToken))!;
        Assert.Null(line["message"]);
        return ((int)line["status"]!, (string)line["details"]!);
    }

    /// <summary>Cancels the call as a client does.</summary>
    public void Cancel() => _client.EndInput();

    public ValueTask DisposeAsync() => _client.DisposeAsync();
}
