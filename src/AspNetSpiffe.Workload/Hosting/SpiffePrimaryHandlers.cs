using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Creates the primary handlers of clients with AddSpiffeMtls or a similar method, keeps the application's settings, and ensures that nothing replaces the handlers.</summary>
internal sealed class SpiffePrimaryHandlers(IServiceProvider services, IOptionsMonitor<SpiffeClientOptions> clients) : IHttpMessageHandlerBuilderFilter
{
    // The default handler lifetime of the client factory.
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2);

    private readonly ConditionalWeakTable<HttpMessageHandlerBuilder, SpiffeHttpHandler> _made = [];

    public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => builder =>
    {
        if (clients.Get(NameOf(builder)).Calls.Count == 0) next(builder);
        else Build(builder, next);
    };

    /// <summary>Replaces the primary handler with ours, and keeps its settings.</summary>
    /// <exception cref="InvalidOperationException">The settings of the primary handler cannot be kept.</exception>
    public void Make(HttpMessageHandlerBuilder builder)
    {
        if (_made.TryGetValue(builder, out var made) && ReferenceEquals(builder.PrimaryHandler, made)) return;
        var name = NameOf(builder);
        var call = clients.Get(name).Require(name);
        if (builder.PrimaryHandler is not SocketsHttpHandler chosen)
            throw new InvalidOperationException(
                $"The HTTP client '{name}' has {call.Method}, but an earlier call sets a primary handler that is a {TypeOf(builder.PrimaryHandler)}, whose settings cannot be kept. {RemedyFor(call.Method)}");

        KeepDefaults(chosen);
        var handler = SpiffeHttpHandler.CreateFrom(TlsOf(call), chosen, call.Configure);
        _made.AddOrUpdate(builder, handler);
        builder.PrimaryHandler = handler;
    }

    private ClientTls TlsOf(SpiffeClientOptions.Call call) => call switch
    {
        { Mode: SpiffeClientMode.WebServer } => ClientTls.ToWeb(services.GetRequiredService<X509Source>(), call.Roots),
        { Mode: SpiffeClientMode.NoClientCertificate, Server: { } server } => ClientTls.WithoutSvid(services.GetRequiredService<X509BundleSource>(), server),
        { Server: { } server } => ClientTls.Mutual(services.GetRequiredService<X509Source>(), server),
        _ => throw new InvalidOperationException($"{call.Method} has no expected server."),
    };

    private static string RemedyFor(string method) =>
        "Remove the call that sets it (ConfigurePrimaryHttpMessageHandler, UseSocketsHttpHandler or ConfigureHttpMessageHandlerBuilder; perhaps in ConfigureHttpClientDefaults, or an " +
        $"IHttpMessageHandlerBuilderFilter), and change the settings in the argument 'configure' of {method}, which receives the SocketsHttpHandler.";

    private void Build(HttpMessageHandlerBuilder builder, Action<HttpMessageHandlerBuilder> next)
    {
        // Configuration that was registered before AddSpiffeMtls changes this handler.
        builder.PrimaryHandler = new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = ConnectionLifetime };
        try
        {
            next(builder);
            if (!_made.TryGetValue(builder, out var made) || !ReferenceEquals(InnermostOf(builder.PrimaryHandler), made)) throw Replaced(NameOf(builder), builder.PrimaryHandler);
        }
        catch
        {
            if (_made.TryGetValue(builder, out var made)) made.Dispose();
            throw;
        }
    }

    private InvalidOperationException Replaced(string name, HttpMessageHandler? by)
    {
        var method = clients.Get(name).Calls[0].Method;
        return new(
            $"The HTTP client '{name}' would call without its SPIFFE identity, and accept any server: " +
            $"the handler that {method} created was replaced by a {TypeOf(by)}. {RemedyFor(method)}");
    }

    // A handler created by other code has the framework's defaults: proxies from the environment, and an infinite connection lifetime.
    private static void KeepDefaults(SocketsHttpHandler chosen)
    {
        if (chosen.Proxy is null) chosen.UseProxy = false;
        if (chosen.PooledConnectionLifetime == Timeout.InfiniteTimeSpan) chosen.PooledConnectionLifetime = ConnectionLifetime;
    }

    private static HttpMessageHandler? InnermostOf(HttpMessageHandler? handler)
    {
        while (handler is DelegatingHandler around and not SpiffeHttpHandler) handler = around.InnerHandler;
        return handler;
    }

    private static string NameOf(HttpMessageHandlerBuilder builder) => builder.Name ?? "";

    private static string TypeOf(HttpMessageHandler? handler) => handler?.GetType().Name ?? "handler that is null";
}
