namespace AspNetSpiffe.AotApp;

/// <summary>A client of the service. It asks for each path that it reads, and prints the status and the answer.</summary>
internal static class Caller
{
    public static async Task RunAsync(string server)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddHttpClient("orders", client => client.BaseAddress = new($"https://{server}"))
            .AddSpiffeMtls("spiffe://example.org/orders").AddSpiffeJwt("orders");

        using var host = builder.Build();
        await host.StartAsync();
        using var orders = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        while (await Console.In.ReadLineAsync() is { } path)
        {
            using var answer = await orders.GetAsync(path);
            Console.WriteLine($"GET {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }

        await host.StopAsync();
    }
}
