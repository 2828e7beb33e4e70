using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.AgentTests;

/// <summary>The agent takes no more pings than one on grpc-go does by default, so that a client that SPIRE would cut off is cut off here too.</summary>
[Trait("Trial", "A-01"), Trait("Spec", "EP-32")]
public sealed class PingPolicyTests : AgentTest
{
    private const int EnhanceYourCalm = 0xb;

    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_pings_every_ten_seconds_during_a_call_is_cut_off_at_the_third_strike(bool byteByByte)
    {
        await using var client = await ConnectAsync();
        client.ByteByByte = byteByByte;
        await client.WatchAsync(Patience);

        // The first one follows what the agent has sent, and is forgiven.
        for (var i = 0; i < 4; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            await client.PingAsync(Patience);
        }

        Assert.Equal((EnhanceYourCalm, "too_many_pings"), await client.ReadGoAwayAsync(Patience));
        while (await client.ReadAnyAsync(Patience) is not null)
        {
        }
    }

    [Fact]
    public async Task A_watch_of_one_hour_with_a_ping_every_five_minutes_stays_one_stream()
    {
        var agent = await StartAgentAsync();
        await using var client = await RawHttp2Client.ConnectAsync(agent, Patience);
        await client.WatchAsync(Patience);
        for (var i = 0; i < 12; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(5));
            await client.PingAsync(Patience);
        }

        agent.Rotate();
        Assert.NotEmpty(await client.ReadAsync(RawHttp2Client.Data, Patience));
    }

    [Fact]
    public async Task Without_a_call_a_ping_every_five_minutes_is_too_much()
    {
        await using var client = await ConnectAsync();
        for (var i = 0; i < 4; i++)
        {
            await client.PingAsync(Patience);
            _time.Advance(TimeSpan.FromMinutes(5));
        }

        Assert.Equal((EnhanceYourCalm, "too_many_pings"), await client.ReadGoAwayAsync(Patience));
    }

    [Fact]
    public async Task Without_a_call_a_ping_every_two_hours_is_permitted()
    {
        await using var client = await ConnectAsync();
        for (var i = 0; i < 6; i++)
        {
            await client.PingAsync(Patience);
            _time.Advance(TimeSpan.FromHours(2));
        }

        await client.WatchAsync(Patience);
    }

    [Fact]
    public async Task A_call_that_the_client_has_cancelled_permits_no_pings()
    {
        await using var client = await ConnectAsync();
        var stream = await client.WatchAsync(Patience);
        await client.PingAsync(Patience);
        await client.ResetAsync(stream, Patience);
        for (var i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(5));
            await client.PingAsync(Patience);
        }

        Assert.Equal((EnhanceYourCalm, "too_many_pings"), await client.ReadGoAwayAsync(Patience));
    }

    [Fact]
    public async Task What_the_agent_sends_forgives_the_pings_before_it()
    {
        var agent = await StartAgentAsync();
        await using var client = await RawHttp2Client.ConnectAsync(agent, Patience);
        await client.WatchAsync(Patience);
        for (var i = 0; i < 10; i++)
        {
            await client.PingAsync(Patience);
            await client.PingAsync(Patience);
            agent.Rotate();
            await client.ReadAsync(RawHttp2Client.Data, Patience);
        }
    }

    [Fact]
    public async Task Answers_to_pings_are_no_pings()
    {
        await using var client = await ConnectAsync();
        for (var i = 0; i < 10; i++) await client.SendPingAsync(flags: 0x1, Patience);
        await client.WatchAsync(Patience);
    }

    [Fact]
    public async Task A_connection_that_was_cut_off_says_nothing_of_the_next()
    {
        var agent = await StartAgentAsync();
        await using var bad = await RawHttp2Client.ConnectAsync(agent, Patience);
        for (var i = 0; i < 4; i++) await bad.PingAsync(Patience);
        await bad.ReadGoAwayAsync(Patience);

        Assert.Single((await Connect(agent).FetchX509Async(Patience)).Svids);
    }

    private async Task<RawHttp2Client> ConnectAsync() => await RawHttp2Client.ConnectAsync(await StartAgentAsync(), Patience);

    // A year, so that no renewal of the schedule forgives anything.
    private Task<DevAgent> StartAgentAsync() =>
        StartAgentAsync(new DevAgentOptions { Directory = Folder, TimeProvider = _time, SvidLifetime = TimeSpan.FromDays(365) }.AddWorkload("web", "/web"));
}
