// Calls the server with every HTTP method, over mutual TLS, if it has the expected SPIFFE ID.
using AspNetSpiffe;
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
var client = builder.Services.AddHttpClient<ServerClient>(client => client.BaseAddress = settings.ServerUrl).AddSpiffeMtls(expected);

// A token in addition to the certificate, for a server that requires one.
if (settings.JwtAudience is { } audience) client.AddSpiffeJwt(audience);

using var host = builder.Build();
try
{
    await host.StartAsync();
    var server = host.Services.GetRequiredService<ServerClient>();
    await server.CallAllAsync();
    if (settings.JwtAudience is not null) await server.CallWithTokenAsync();
    return 0;
}
catch (Exception e) when (e is SpiffePeerRejectedException or HttpRequestException or InvalidOperationException)
{
    Console.Error.WriteLine(e.InnerException is { } inner ? $"{e.Message} {inner.Message}" : e.Message);
    return 1;
}
finally
{
    await host.StopAsync();
}
