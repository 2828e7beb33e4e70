namespace AspNetSpiffe.AotApp;

/// <summary>A development agent with a service and two callers. Each line that it reads renews their SVIDs.</summary>
internal static class Agent
{
    public static async Task RunAsync(string folder)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = Environments.Development });
        builder.AddSpiffeDevAgent(options =>
        {
            options.Directory = folder;
            options.AddWorkload("orders", "/orders").AddWorkload("cart", "/cart").AddWorkload("mail", "/mail");
        });

        using var host = builder.Build();
        await host.StartAsync();
        var agent = host.Services.GetRequiredService<DevAgent>();
        await Task.WhenAny(Task.Run(() => RenewAtEachLine(agent)), host.WaitForShutdownAsync());
        await host.StopAsync();
    }

    private static void RenewAtEachLine(DevAgent agent)
    {
        while (Console.ReadLine() is not null) agent.Rotate();
    }
}
