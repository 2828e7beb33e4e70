using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.FrameworkFacts;

/// <summary>A web server on the loopback interface that has nothing to give and counts who asks.</summary>
internal sealed class AiaListener : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _requests;

    private AiaListener()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(http =>
        {
            Interlocked.Increment(ref _requests);
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }

    public static async Task<AiaListener> StartAsync()
    {
        var listener = new AiaListener();
        await listener._app.StartAsync();
        return listener;
    }

    public string Url => _app.Urls.Single() + "/ca.crt";

    // A chain asks while it is built, so what was asked by then has been answered.
    public int Requests => Volatile.Read(ref _requests);

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
