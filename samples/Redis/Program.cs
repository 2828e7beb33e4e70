// Counts in Redis over mutual TLS: the client expects the server's SPIFFE ID, and the server verifies ours.
using AspNetSpiffe;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Redis;
using StackExchange.Redis;

var builder = Host.CreateApplicationBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddSpiffe();

using var host = builder.Build();
await host.StartAsync();

// <connection>
var options = ConfigurationOptions.Parse(builder.Configuration.GetConnectionString("Redis")!);
await using var redis = await options.ConnectSpiffeMtlsAsync(host.Services.GetRequiredService<X509Source>(), "spiffe://example.org/redis");
// </connection>

Console.WriteLine($"orders:visits is {await redis.GetDatabase().StringIncrementAsync("orders:visits")}");

await host.StopAsync();
