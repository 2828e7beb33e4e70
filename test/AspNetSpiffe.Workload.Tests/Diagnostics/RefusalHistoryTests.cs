namespace AspNetSpiffe.Workload.Tests.Diagnostics;

/// <summary>What is remembered of those who were refused.</summary>
public sealed class RefusalHistoryTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);

    private readonly RefusalHistory _history = new();

    [Fact]
    public void A_flood_of_strangers_takes_the_room_of_a_few()
    {
        foreach (var reason in Enum.GetValues<RejectionReason>())
            for (var i = 0; i < 1_000; i++)
                Add("client", reason, i);

        Assert.Equal(Enum.GetValues<RejectionReason>().Length, _history.Groups.Length);
        Assert.All(_history.Groups, group => Assert.Equal((1_000, RefusalHistory.MostExamples), (group.Count, group.Examples.Length)));
    }

    [Fact]
    public void A_group_has_the_first_and_the_last_time_and_the_last_examples_first()
    {
        for (var i = 0; i < 12; i++) Add("client", RejectionReason.Expired, i);

        var group = Assert.Single(_history.Groups);
        Assert.Equal(("client", "Expired", Start, Start.AddSeconds(11)), (group.Kind, group.Reason, group.First, group.Last));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => Start.AddSeconds(11 - i)), group.Examples.Select(one => one.At));
    }

    [Fact]
    public void Clients_servers_and_tokens_are_not_one_group_and_the_newest_is_first()
    {
        Add("client", RejectionReason.Expired, 1);
        Add("token", JwtRejectionReason.Expired, 3);
        Add("server", RejectionReason.Expired, 2);
        Assert.Equal(["token", "server", "client"], _history.Groups.Select(group => group.Kind));
    }

    [Fact]
    public void What_was_advised_stays_until_something_else_is()
    {
        Add("client", RejectionReason.Expired, 1, "Compare the clocks.");
        Add("client", RejectionReason.Expired, 2, null);
        Assert.Equal("Compare the clocks.", _history.Groups[0].Advice);
        Add("client", RejectionReason.Expired, 3, "Renew it.");
        Assert.Equal("Renew it.", _history.Groups[0].Advice);
    }

    [Fact]
    public void None_is_lost_when_many_are_refused_at_once()
    {
        Parallel.For(0, 10_000, i => Add("client", i % 2 == 0 ? RejectionReason.Expired : RejectionReason.NotAllowed, i));
        Assert.Equal([5_000L, 5_000L], _history.Groups.Select(group => group.Count));
    }

    private void Add(string kind, Enum reason, int second, string? advice = "Advice") => _history.Add(kind, reason, advice, new() { At = Start.AddSeconds(second) });
}
