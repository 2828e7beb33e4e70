// Calls the server with every HTTP method, over mutual TLS, and only if it is the server that is meant.
using HttpMtls.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

var settings = Settings.FromEnvironment();
if (settings.ExpectedServer is not { } expected)
{
    Console.Error.WriteLine("Set EXPECTED_SERVER_ID to whom you mean to call, for example spiffe://example.org/server or spiffe://example.org/**.");
    return 2;
}

var builder = Host.CreateApplicationBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddSpiffe(options => options.EndpointSocket ??= settings.AgentSocket);
builder.Services.AddHttpClient<ServerClient>(client => client.BaseAddress = settings.ServerUrl).AddSpiffeMtls(expected);

using var host = builder.Build();
try
{
    await host.StartAsync();
    await host.Services.GetRequiredService<ServerClient>().CallAllAsync();
    return 0;
}
catch (Exception e) when (e is HttpRequestException or InvalidOperationException)
{
    Console.Error.WriteLine(e.InnerException is { } inner ? $"{e.Message} {inner.Message}" : e.Message);
    return 1;
}
finally
{
    await host.StopAsync();
}
