using System.Net;
using System.Net.WebSockets;
using AspNetSpiffe;

namespace Docs;

/// <summary>docs/how-to/call-services.md</summary>
internal static class Calls
{
    public static void AddOrders(WebApplicationBuilder builder)
    {
        // <http>
        builder.Services.AddHttpClient("orders", client => client.BaseAddress = new Uri("https://orders:8443")).AddSpiffeMtls("spiffe://example.org/orders");
        // </http>
    }

    public static void AddPartner(WebApplicationBuilder builder)
    {
        // <proxy>
        builder.Services.AddHttpClient("partner").AddSpiffeMtls("spiffe://partner.example/orders", handler =>
        {
            handler.UseProxy = true;
            handler.Proxy = new WebProxy("http://proxy.example.org:3128");    // or socks5://
        });
        // </proxy>
    }

    public static async Task<string> CallWithoutHostAsync(string address)
    {
        // <without-host>
        await using var source = await X509Source.StartAsync(new SpiffeOptions());
        using var client = new HttpClient(SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse("spiffe://example.org/orders")));
        // </without-host>
        return await client.GetStringAsync(address);
    }

    public static async Task<WebSocketState> OpenWebSocketAsync(X509Source source, SpiffeIdPattern expected, Uri url, CancellationToken cancellationToken)
    {
        // <websocket>
        using var invoker = new HttpMessageInvoker(SpiffeHttpHandler.Create(source, expected));
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(url, invoker, cancellationToken);
        // </websocket>
        return socket.State;
    }
}
