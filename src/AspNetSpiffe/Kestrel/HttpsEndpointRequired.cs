using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Fails the start of a server with <c>UseSpiffeMtls()</c> that has no https endpoint.</summary>
/// <remarks>
/// Kestrel's endpoints are known when all are bound; no request is served before that. A server without addresses, such as that of a test or a tool, listens
/// nowhere, so nothing is checked.
/// </remarks>
internal sealed partial class HttpsEndpointRequired(IServiceProvider services, ILogger<HttpsEndpointRequired> logger) : IStartupFilter, IHostedLifecycleService
{
    private volatile bool _checked;
    private volatile bool _listenerFound;

    /// <summary>Records a listener with <c>UseSpiffe()</c>, which is http in Kestrel's list of addresses.</summary>
    public void FoundListener() => _listenerFound = true;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(next => context => _checked ? next(context) : Refuse(context));
        next(app);
    };

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        // Resolved here, not earlier: the server creates its endpoints when it is created, and they resolve this class.
        var addresses = string.Join(", ", services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? []);
        var found = _listenerFound || addresses.Length == 0 || addresses.Contains("https://", StringComparison.OrdinalIgnoreCase);
        if (!found && services.GetRequiredService<AllowedPeers>().Options.RequireHttpsEndpoint) throw new InvalidOperationException(Explain(addresses));
        if (!found) Log.NothingSecured(logger, addresses);
        _checked = true;
        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static Task Refuse(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return Task.CompletedTask;
    }

    private static string Explain(string addresses) =>
        $"UseSpiffeMtls() secures https endpoints, and this server has none: it listens on {addresses}. Add one, for example " +
        "with the environment variable ASPNETCORE_URLS=https://+:8443 or with 'listenOptions.UseHttps()' in code. " +
        "If callers without an identity are intended, set 'Spiffe:RequireHttpsEndpoint' to false.";

    /// <seealso cref="HttpsEndpointRequired"/>
    private static partial class Log
    {
        /// <summary>The server has no https endpoint, and <c>Spiffe:RequireHttpsEndpoint</c> allows that: no caller of it has a verified identity.</summary>
        /// <remarks>Add an https endpoint, and remove the setting. If a proxy in front of the server verifies callers, nothing.</remarks>
        [LoggerMessage(1, LogLevel.Warning, "No endpoint has mutual TLS, and Spiffe:RequireHttpsEndpoint is false: callers of {Addresses} are not authenticated by SPIFFE.", EventName = "NoHttpsEndpoint")]
        public static partial void NothingSecured(ILogger logger, string addresses);
    }
}
