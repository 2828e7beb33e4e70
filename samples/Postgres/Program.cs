// Reads a PostgreSQL database over mutual TLS: the client expects the server's SPIFFE ID, and the server verifies ours.
using AspNetSpiffe;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Postgres;

var builder = Host.CreateApplicationBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);

// <database>
builder.Services.AddSpiffe();
builder.Services.AddSingleton(services =>
    new NpgsqlDataSourceBuilder(builder.Configuration.GetConnectionString("Shop")).BuildSpiffeMtls(services.GetRequiredService<X509Source>(), "spiffe://example.org/db"));
// </database>

using var host = builder.Build();
await host.StartAsync();

var database = host.Services.GetRequiredService<NpgsqlDataSource>();
await using var whoami = database.CreateCommand("SELECT spiffe_id()");
Console.WriteLine($"PostgreSQL sees {await whoami.ExecuteScalarAsync()}");

await using var orders = database.CreateCommand("SELECT id, article FROM orders ORDER BY id");
await using var reader = await orders.ExecuteReaderAsync();
while (await reader.ReadAsync()) Console.WriteLine($"order {reader.GetInt32(0)}: {reader.GetString(1)}");

await host.StopAsync();
