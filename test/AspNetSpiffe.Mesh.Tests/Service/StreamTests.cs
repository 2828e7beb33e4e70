using System.Net;
using System.Net.WebSockets;
using System.Text;
using Mesh;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.MeshTests;

/// <summary>What is more than a question and an answer, through the HTTP egress.</summary>
public sealed class StreamTests(ITestOutputHelper output) : ServiceTest(output)
{
    // More than Kestrel takes by default.
    private const int Large = 40 * 1024 * 1024;

    private readonly SemaphoreSlim _read = new(0);
    private HttpMessageInvoker _local = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        var server = Stopping(Build());
        await server.StartAsync(Patience);
        var a = await StartAsync(OptionsOf(A, IPEndPoint.Parse(new Uri(server.Urls.Single()).Authority)));
        var socket = MeshAddress.Parse($"unix:{a.EgressSocket}");
        _local = new(new SocketsHttpHandler { UseProxy = false, ConnectCallback = (_, cancellationToken) => MeshAddress.ConnectAsync(socket, cancellationToken) });
    }

    [Fact]
    public async Task A_part_of_an_answer_arrives_before_the_next_is_written()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{B}/lines");
        using var response = await _local.SendAsync(request, Patience);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Patience));
        for (var line = 0; line < 3; line++)
        {
            Assert.Equal($"line {line}", await lines.ReadLineAsync(Patience));
            _read.Release();
        }

        Assert.Null(await lines.ReadLineAsync(Patience));
    }

    [Fact]
    public async Task A_web_socket_speaks_both_ways()
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://{B}/echo"), _local, Patience);
        foreach (var word in (string[])["one", "two"])
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(word), WebSocketMessageType.Text, endOfMessage: true, Patience);
            var buffer = new byte[10];
            var echo = await socket.ReceiveAsync(buffer, Patience);
            Assert.Equal(word, Encoding.ASCII.GetString(buffer, 0, echo.Count));
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Patience);
    }

    [Fact]
    public async Task A_large_body_is_not_held_back()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{B}/count") { Content = new ByteArrayContent(new byte[Large]) };
        using var response = await _local.SendAsync(request, Patience);
        Assert.Equal($"{Large}", await response.Content.ReadAsStringAsync(Patience));
    }

    protected override async ValueTask StopAsync()
    {
        _local.Dispose();
        _read.Dispose();
        await base.StopAsync();
    }

    private WebApplication Build()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Information).AddProvider(Logs);
        builder.Configuration["Spiffe:EndpointSocket"] = Agent.AddressOf("service-b");
        builder.WebHost.UseKestrelHttpsConfiguration().UseUrls("https://127.0.0.3:0").UseSpiffeMtls();
        var app = builder.Build();
        app.UseWebSockets();
        app.MapGet("/lines", WriteLinesAsync);
        app.MapPost("/count", (Delegate)CountAsync);
        app.Map("/echo", EchoAsync);
        return app;
    }

    private async Task WriteLinesAsync(HttpContext http)
    {
        for (var line = 0; line < 3; line++)
        {
            await http.Response.WriteAsync($"line {line}\n", Patience);
            await http.Response.Body.FlushAsync(Patience);
            await _read.WaitAsync(Patience);
        }
    }

    private async Task<string> CountAsync(HttpContext http)
    {
        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        var (count, buffer) = (0L, new byte[64 * 1024]);
        while (await http.Request.Body.ReadAsync(buffer, Patience) is > 0 and var read) count += read;
        return $"{count}";
    }

    private async Task EchoAsync(HttpContext http)
    {
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[100];
        while (await socket.ReceiveAsync(buffer, Patience) is { MessageType: not WebSocketMessageType.Close } message)
            await socket.SendAsync(buffer.AsMemory(0, message.Count), message.MessageType, message.EndOfMessage, Patience);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Patience);
    }
}
