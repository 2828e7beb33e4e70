using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Soak;

/// <summary>The service under load, set up as any service is.</summary>
internal static class Server
{
    public const string Id = "spiffe://example.org/server";

    /// <summary>The third of the allowed peers; nobody has that ID when it is closed.</summary>
    public const string Guests = "spiffe://example.org/guests/*";
    private const string NoGuests = "spiffe://example.org/nobody";

    public static TimeSpan DrainTimeout { get; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a stream lasts: less than the drain time, so it must come to its end whatever happens.</summary>
    public static TimeSpan StreamTime { get; } = TimeSpan.FromSeconds(3);

    public static async Task<WebApplication> StartAsync(IEnumerable<KeyValuePair<string, string?>> identity, ForeignCode foreign, ILoggerProvider logs)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["urls"] = "https://127.0.0.1:0",
            ["Spiffe:AllowedPeers:0"] = "spiffe://example.org/clients/*",
            ["Spiffe:AllowedPeers:1"] = "spiffe://partner/clients/*",
            ["Spiffe:AllowedPeers:2"] = Guests,
            ["Spiffe:AllowedPeers:3"] = "spiffe://neighbour/clients/*",
            ["Spiffe:DrainTimeout"] = DrainTimeout.ToString(),
        }.Concat(identity));
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Warning).AddProvider(foreign).AddProvider(logs);
        builder.WebHost.UseSpiffeMtls();

        var app = builder.Build();
        app.MapMethods("/", ["GET", "POST"], (HttpContext http, SpiffeCaller caller) =>
        {

            // Where a callback blocks, its own connection ends late; the neighbours are the others, who must not wait.
            if (foreign.BlockedClose == TimeSpan.Zero || caller.Id.TrustDomain.Name != "neighbour") foreign.Register(http);
            return caller.Id.ToString();
        });
        app.MapGet("/stream", StreamAsync);
        app.MapGet("/endless", EndlessAsync);
        await app.StartAsync();
        return app;
    }

    public static void AllowGuests(this WebApplication server, bool allow)
    {
        server.Configuration["Spiffe:AllowedPeers:2"] = allow ? Guests : NoGuests;
        ((IConfigurationRoot)server.Configuration).Reload();
    }

    /// <summary>Answers the caller's ID, the first half at once and the second at the end.</summary>
    private static async Task StreamAsync(HttpContext http, SpiffeCaller caller)
    {
        var id = caller.Id.ToString();
        await http.Response.WriteAsync(id[..9], http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
        await Task.Delay(StreamTime, http.RequestAborted);
        await http.Response.WriteAsync(id[9..], http.RequestAborted);
    }

    private static async Task EndlessAsync(HttpContext http)
    {
        await http.Response.WriteAsync("begun", http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
        await Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
