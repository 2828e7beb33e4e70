// Sends a message over each transport of SignalR: every request and web socket presents our SVID, and goes to the expected server only.
using AspNetSpiffe;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;

var server = Environment.GetEnvironmentVariable("SERVER_URL") ?? "https://localhost:8443";
var expected = Environment.GetEnvironmentVariable("EXPECTED_SERVER_ID") ?? "spiffe://example.org/chat";
try
{
    // SPIFFE_ENDPOINT_SOCKET is the address of the agent.
    await using var source = await X509Source.StartAsync(new SpiffeOptions());
    foreach (var transport in (HttpTransportType[])[HttpTransportType.WebSockets, HttpTransportType.ServerSentEvents, HttpTransportType.LongPolling])
        await TalkAsync(source, transport);
    return 0;
}
catch (Exception e) when (e is SpiffePeerRejectedException or HttpRequestException or InvalidOperationException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

async Task TalkAsync(X509Source source, HttpTransportType transport)
{
    await using var chat = new HubConnectionBuilder().WithUrl($"{server}/chat", transport).AddSpiffeMtls(source, expected).WithAutomaticReconnect().Build();
    var said = new TaskCompletionSource<string>();
    using var subscription = chat.On<string, string>("Said", (who, text) => said.TrySetResult($"{who}: {text}"));

    await chat.StartAsync();
    await chat.InvokeAsync("Say", "Hello");
    Console.WriteLine($"{transport,-17}{await said.Task}");
    try
    {
        await chat.InvokeAsync("Clear");
        Console.WriteLine($"{transport,-17}Clear: done");
    }
    catch (HubException)
    {
        Console.WriteLine($"{transport,-17}Clear: only the moderator may");
    }
}
