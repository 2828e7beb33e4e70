namespace AspNetSpiffe.MeshTests;

/// <summary>A service and the registry, the real one.</summary>
public sealed class RegistrationTests(ITestOutputHelper output) : MeshWithRegistryTest(output)
{
    [Fact]
    public async Task A_service_is_registered_while_it_listens_and_taken_back_before_it_stops()
    {
        var registry = await StartRegistryAsync();
        var a = await StartAsync(RegisteringAt(AddressOf(registry), OptionsOf(A, NoRouter)));
        await WaitForAsync("Registered", Patience);
        Assert.Equal([a.Api], Registered(registry, A));

        await a.App.StopAsync(Patience);
        Assert.Empty(Registered(registry, A));
        var lines = Logs.All.Select(static record => record.Event.Name ?? record.Message).ToList();
        Assert.InRange(lines.IndexOf("Deregistered"), 0, lines.LastIndexOf("Application is shutting down..."));
    }

    [Fact]
    public async Task A_lease_is_renewed_before_it_ends()
    {
        var registry = await StartRegistryAsync();
        var a = await StartAsync(RegisteringAt(AddressOf(registry), OptionsOf(A, NoRouter)));

        // Four renewals, one a second, are longer than a lease of three seconds.
        await Logs.WaitForAsync(static record => record.Message.Contains("/mesh.registry.v1.Registry/Register", StringComparison.Ordinal) && record.Message.StartsWith(IdOfA, StringComparison.Ordinal), Patience, times: 5);
        Assert.Equal([a.Api], Registered(registry, A));
        Assert.Single(Logs.All, static record => record.Event.Name == "Registered");
        Assert.DoesNotContain(Logs.All, static record => record.Message.Contains("has ended", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_registry_that_is_away_is_told_once_and_found_when_it_is_back()
    {
        ExpectWarning("RegistryAway");
        var registry = await StartRegistryAsync();
        var address = AddressOf(registry);
        await registry.StopAsync(Patience);

        var a = await StartAsync(RegisteringAt(address, OptionsOf(A, NoRouter)));
        await WaitForAsync("RegistryAway", Patience);
        registry = await StartRegistryAsync(address.Port);
        await WaitForAsync("Registered", Patience);
        Assert.Equal([a.Api], Registered(registry, A));

        await registry.StopAsync(Patience);
        await WaitForAsync("RegistryAway", Patience, times: 2);
        registry = await StartRegistryAsync(address.Port);
        await WaitForAsync("Registered", Patience, times: 2);
        Assert.Equal([a.Api], Registered(registry, A));
        Assert.Equal(2, Logs.All.Count(static record => record.Event.Name == "RegistryAway"));
    }

    [Fact]
    public async Task A_service_stops_while_the_registry_is_away()
    {
        AllowWarning("RegistryAway");
        var registry = await StartRegistryAsync();
        var a = await StartAsync(RegisteringAt(AddressOf(registry), OptionsOf(A, NoRouter)));
        await WaitForAsync("Registered", Patience);
        await registry.StopAsync(Patience);
        await a.App.StopAsync(Patience);
        Assert.Contains(Logs.All, static record => record.Message.StartsWith("The registry did not hear that we stop", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Somebody_else_at_the_address_of_the_registry_is_not_told_where_we_are()
    {
        ExpectWarning("RegistryAway");
        AllowWarning("PeerRefused");
        var b = await StartAsync(OptionsOf(B, NoRouter));
        await StartAsync(RegisteringAt(new($"https://{b.Api}"), OptionsOf(A, NoRouter)));
        Assert.Contains($"It presented '{IdOfB}'. Expected was 'spiffe://example.org/registry'", (await WaitForAsync("RegistryAway", Patience)).Message, StringComparison.Ordinal);
    }
}
