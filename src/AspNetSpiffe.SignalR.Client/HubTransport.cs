using System.Net.WebSockets;
using Microsoft.AspNetCore.Http.Connections.Client;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>The transport of one hub connection: all its requests and web sockets use one handler, which is disposed with the connection.</summary>
internal sealed class HubTransport(X509Source source, SpiffeIdPattern server, Action<SocketsHttpHandler>? configure) : IPostConfigureOptions<HttpConnectionOptions>, IDisposable
{
    private HttpMessageInvoker? _invoker;

    public void PostConfigure(string? name, HttpConnectionOptions options)
    {
        string[] mistakes = [.. MistakesIn(options)];
        if (mistakes.Length > 0) throw new InvalidOperationException($"The hub connection cannot be made with a SPIFFE identity. {string.Join(" ", mistakes)}");

        var invoker = _invoker = new(SpiffeHttpHandler.Create(source, server, handler =>
        {
            handler.CookieContainer = options.Cookies;
            if (options.Proxy is { } proxy) (handler.UseProxy, handler.Proxy) = (true, proxy);
            configure?.Invoke(handler);
        }));
        options.HttpMessageHandlerFactory = _ => new SharedHandler(invoker);
        options.WebSocketFactory = (context, cancellationToken) => ConnectAsync(context, invoker, cancellationToken);
    }

    public void Dispose() => _invoker?.Dispose();

    private static IEnumerable<string> MistakesIn(HttpConnectionOptions options)
    {
        const string Shown = "the client shows its SVID and nothing else";
        if (options.Url is { Scheme: not "https" } url) yield return $"Its address is '{url}', and only https is called.";
        if (options.ClientCertificates is { Count: > 0 }) yield return Refuse(nameof(options.ClientCertificates), $"{Shown}. Choose it with SpiffeOptions.Hint or SpiffeOptions.Identity");
        if (options.Credentials is not null) yield return Refuse(nameof(options.Credentials), Shown);
        if (options.UseDefaultCredentials == true) yield return Refuse(nameof(options.UseDefaultCredentials), Shown);
        if (options.HttpMessageHandlerFactory is not null) yield return Refuse(nameof(options.HttpMessageHandlerFactory), "AddSpiffeMtls makes the handler. Change its settings in the argument 'configure'");
        if (options.WebSocketFactory is not null) yield return Refuse(nameof(options.WebSocketFactory), "AddSpiffeMtls makes the web sockets. Change their settings in WebSocketConfiguration");
    }

    private static string Refuse(string setting, string instead) => $"{setting} would have no effect: {instead}. Remove the setting.";

    // SignalR's own factory uses the handler for HTTP/2 only; over HTTP/1.1 it would not verify the server.
    private static async ValueTask<WebSocket> ConnectAsync(WebSocketConnectionContext context, HttpMessageInvoker invoker, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        try
        {
            // As SignalR does: with this header a server responds with 401 instead of a redirect to a log-in page.
            socket.Options.SetRequestHeader("X-Requested-With", "XMLHttpRequest");
            foreach (var (name, value) in context.Options.Headers) socket.Options.SetRequestHeader(name, value);
            context.Options.WebSocketConfiguration?.Invoke(socket.Options);
            if (context.Options.AccessTokenProvider is { } provider && await provider().ConfigureAwait(false) is { Length: > 0 } token) socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
            await socket.ConnectAsync(context.Uri, invoker, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>SignalR disposes its HTTP client after each attempt; this handler keeps the connections for the next one.</summary>
    private sealed class SharedHandler(HttpMessageInvoker invoker) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => invoker.SendAsync(request, cancellationToken);
    }
}
