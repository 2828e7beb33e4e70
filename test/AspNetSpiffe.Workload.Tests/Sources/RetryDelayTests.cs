using System.Globalization;

namespace AspNetSpiffe.Workload.Tests.Sources;

public sealed class RetryDelayTests
{
    private static readonly RetryTimes Defaults = new(new SpiffeRetryOptions());

    [Fact, Trait("Spec", "EP-24")]
    public void The_delay_doubles_up_to_half_a_minute()
    {
        var delay = new RetryDelay(Defaults, new FixedRandom(0));
        Assert.Equal([0.5, 1, 2, 4, 8, 16, 30, 30, 30], Enumerable.Range(0, 9).Select(_ => delay.Next().TotalSeconds));
    }

    [Fact, Trait("Spec", "EP-24")]
    public void Chance_shortens_a_delay_by_up_to_a_fifth() =>
        Assert.Equal([0.45, 0.9, 1.8], Delays(new FixedRandom(0.5)).Select(d => Math.Round(d.TotalSeconds, 6)));

    [Fact, Trait("Spec", "EP-24")]
    public void Two_workloads_do_not_come_back_together() =>
        Assert.NotEqual(Delays(new Random(1)), Delays(new Random(2)));

    [Theory]
    [InlineData(1, 20, "1 2 4 8 16 20 20")]
    [InlineData(3, 3, "3 3 3")]
    [InlineData(3, 4, "3 4 4")]
    public void The_delays_are_those_of_the_options(double initial, double max, string delays)
    {
        var delay = new RetryDelay(new(new() { InitialDelay = TimeSpan.FromSeconds(initial), MaxDelay = TimeSpan.FromSeconds(max) }), new FixedRandom(0));
        Assert.All(delays.Split(' '), expected => Assert.Equal(expected, delay.Next().TotalSeconds.ToString(CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(0.5, 2)]
    public void The_jitter_is_that_of_the_options(double jitter, double seconds) =>
        Assert.Equal(seconds, new RetryDelay(new(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(4), jitter), new FixedRandom(1)).Next().TotalSeconds);

    [Fact]
    public void A_success_begins_again_with_the_first_delay()
    {
        var delay = new RetryDelay(Defaults, new FixedRandom(0));
        delay.Next();
        delay.Next();
        delay.Reset();
        Assert.Equal(TimeSpan.FromSeconds(0.5), delay.Next());
    }

    [Fact]
    public void The_delay_never_overflows()
    {
        var delay = new RetryDelay(Defaults, new FixedRandom(0));
        for (var i = 0; i < 10_000; i++) delay.Next();
        Assert.Equal(TimeSpan.FromSeconds(30), delay.Next());
    }

    private static List<TimeSpan> Delays(Random random)
    {
        var delay = new RetryDelay(Defaults, random);
        return [delay.Next(), delay.Next(), delay.Next()];
    }

    private sealed class FixedRandom(double value) : Random
    {
        public override double NextDouble() => value;
    }
}
