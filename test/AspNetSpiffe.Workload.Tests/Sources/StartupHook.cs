using AspNetSpiffe;

/// <summary>Runs in a process of its own, before its main: .NET calls the class of this name in each assembly of DOTNET_STARTUP_HOOKS.</summary>
#pragma warning disable MA0047 // It must be in no namespace.
internal static class StartupHook
#pragma warning restore MA0047
{
    public const string Address = "ASPNETSPIFFE_TEST_START_AT";

    /// <summary>Starts a source, and says what became of it.</summary>
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(Address) is not { } address) return;
        try
        {
            X509Source.StartAsync(new() { EndpointSocket = address }).GetAwaiter().GetResult().Dispose();
            Console.WriteLine("Started.");
        }
        catch (Exception e)
        {
            Console.WriteLine(e);
        }

        Environment.Exit(0);
    }
}
