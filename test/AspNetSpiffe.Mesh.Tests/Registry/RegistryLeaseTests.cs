using System.Net;
using Mesh.Names;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.MeshTests;

/// <summary>An endpoint is there for as long as its lease.</summary>
public sealed class RegistryLeaseTests(ITestOutputHelper output) : RegistryTest(output)
{
    private const string First = "/names/service-a.example.org/endpoints/127.0.0.2:9005", Second = "/names/service-a.example.org/endpoints/127.0.0.3:9005";

    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private protected override RegistryOptions Options => base.Options with { Time = Clock };

    private Leases Leases => App.Services.GetRequiredService<Leases>();

    [Fact]
    public async Task An_endpoint_is_gone_when_its_lease_ends()
    {
        using var client = await RestAsync("service-a");
        await PutAsync(client, First, 10);

        Clock.Advance(TimeSpan.FromSeconds(10) - Tick);
        Assert.Equal(["127.0.0.2"], (await DigAsync(NameOfA, "A")).Values);
        Clock.Advance(Tick);
        Assert.Equal("NXDOMAIN", (await DigAsync(NameOfA, "A")).Status);
        Assert.Equal("[]", await client.GetStringAsync("/names", Patience));
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/names/" + NameOfA, Patience)).StatusCode);
    }

    [Fact]
    public async Task Whoever_renews_prolongs_its_own_lease_only()
    {
        using var client = await RestAsync("service-a");
        await PutAsync(client, First, 10);
        await PutAsync(client, Second, 10);

        Clock.Advance(TimeSpan.FromSeconds(6));
        await PutAsync(client, Second, 10);
        Clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(["127.0.0.3"], (await DigAsync(NameOfA, "A")).Values);
    }

    [Fact]
    public async Task An_instance_that_stops_leaves_the_others()
    {
        using var client = await RestAsync("service-a");
        await PutAsync(client, First, 10);
        await PutAsync(client, Second, 10);
        await client.DeleteAsync(First, Patience);
        Assert.Equal(["127.0.0.3"], (await DigAsync(NameOfA, "A")).Values);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_clock_that_is_set_neither_prolongs_a_lease_nor_ends_it(int days)
    {
        using var client = await RestAsync("service-a");
        await PutAsync(client, First, 10);
        Clock.Jump(TimeSpan.FromDays(days));
        Assert.Equal(["127.0.0.2"], (await DigAsync(NameOfA, "A")).Values);
        Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("NXDOMAIN", (await DigAsync(NameOfA, "A")).Status);
    }

    [Fact]
    public async Task What_has_ended_is_removed_and_logged_within_a_second()
    {
        Add(2);
        var serial = Leases.Serial;
        await Clock.WaitForTimerAsync(Patience, TimeSpan.FromSeconds(1));
        Clock.Advance(TimeSpan.FromSeconds(3));

        var ended = await Logs.WaitForAsync(static record => record.Message.EndsWith("has ended", StringComparison.Ordinal), Patience);
        Assert.Equal((NameOfA, "127.0.0.2:9005"), (ended.Values["Name"], $"{ended.Values["Endpoint"]}"));

        // Nothing is left that could be removed: the log tells of each once.
        Assert.NotEqual(serial, Leases.Serial);
        Leases.RemoveEnded();
        Assert.Single(Logs.All, static record => record.Message.EndsWith("has ended", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Leases_that_have_ended_leave_room_for_others()
    {
        // They end between two looks of whoever removes them.
        await Clock.WaitForTimerAsync(Patience, TimeSpan.FromSeconds(1));
        Clock.Advance(TimeSpan.FromSeconds(0.5));

        for (var i = 1; i <= Leases.MaxEndpoints; i++) Add(1, $"127.0.1.{i}:9005");
        Assert.False(Leases.TrySet(NameOfA, [IPEndPoint.Parse("127.0.2.1:9005")], TimeSpan.FromSeconds(1), out _));
        Clock.Advance(TimeSpan.FromSeconds(1));
        Add(1, "127.0.2.1:9005");
    }

    private void Add(int seconds, string endpoint = "127.0.0.2:9005") => Assert.True(Leases.TrySet(NameOfA, [IPEndPoint.Parse(endpoint)], TimeSpan.FromSeconds(seconds), out _));

    private async Task PutAsync(HttpClient client, string path, int seconds)
    {
        using var response = await client.PutAsync($"{path}?lease={seconds}", null, Patience);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
