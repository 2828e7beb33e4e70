using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.DataTests;

/// <summary>samples/Aspire: an app host that gives each service its identity, run by Aspire's own orchestration.</summary>
public sealed class AspireTests(ITestOutputHelper output) : ProgramTest(output, TimeSpan.FromMinutes(6))
{
    [Fact]
    public async Task Each_service_of_the_app_host_has_an_identity_of_its_own()
    {
        // It is not in the solution: its packages differ from platform to platform.
        string[] configuration = ["-c", BuiltProgram.Configuration == "debug" ? "Debug" : "Release"];
        var built = await OutsideProgram.RunAsync("dotnet", ["build", Repository.PathOf("samples", "Aspire", "AppHost"), .. configuration, "-v", "q"], "", Patience);
        Assert.True(built.ExitCode == 0, built.All);

        await using var host = OutsideProgram.StartWith(
            new()
            {
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
                ["DOTNET_DASHBOARD_OTLP_ENDPOINT_URL"] = "http://127.0.0.1:0",
                ["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true",
                ["DOTNET_ENVIRONMENT"] = "Production",
            },
            "dotnet", "exec", Repository.PathOf("artifacts", "bin", "Aspire.AppHost", BuiltProgram.Configuration, "aspire-apphost.dll"));
        await host.ReadUntilAsync("Orders answered: The orders, for spiffe://example.org/shop", Patience);

        // It ends its services, its orchestrator and the agent.
        Assert.Equal(0, (await host.TerminateAsync(Patience)).ExitCode);
    }
}
