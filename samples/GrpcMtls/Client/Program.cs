// Calls the greeter over mutual TLS, if it has the expected SPIFFE ID.
using AspNetSpiffe;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcMtls;
using GrpcMtls.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

const string Server = "spiffe://example.org/server";
var url = new Uri(Environment.GetEnvironmentVariable("SERVER_URL") ?? "https://localhost:8443");

var builder = Host.CreateApplicationBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddGrpcClient<Greeter.GreeterClient>(options => options.Address = url).AddSpiffeMtls(Server);

using var host = builder.Build();
try
{
    await host.StartAsync();
    await new Calls(host.Services.GetRequiredService<Greeter.GreeterClient>()).MakeAllAsync();

    // Without the client factory: the same handler in a channel. It expects another server, so nothing is sent.
    var source = host.Services.GetRequiredService<X509Source>();
    using var handler = SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse("spiffe://example.org/database"));
    using var channel = GrpcChannel.ForAddress(url, new GrpcChannelOptions { HttpHandler = handler });
    await Calls.ShowRefusalAsync("another server", new Greeter.GreeterClient(channel).SayHelloAsync(new HelloRequest { Name = "Ada" }));
    return 0;
}
catch (Exception e) when (e is RpcException or InvalidOperationException)
{
    Console.Error.WriteLine(e is RpcException refusal ? $"{refusal.StatusCode}: {refusal.Status.Detail}" : e.Message);
    return 1;
}
finally
{
    await host.StopAsync();
}
