using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>Every time has two ends, and a text that can mean only one time.</summary>
public sealed class TimeOptionsTests(ITestOutputHelper output) : SourceTest(output)
{
    private const string Starts = "from 00:00:00.0010000 to 1.00:00:00, or -00:00:00.001 for no limit";
    private const string Drains = "from 00:00:00 to 1.00:00:00, or -00:00:00.001 for no limit";
    private const string Delays = "from 00:00:00 to 1.00:00:00";
    private const string Retries = "from 00:00:00.0500000 to 01:00:00";

    public static TheoryData<string, Action<SpiffeOptions, TimeSpan>, string, TimeSpan[]> Ranges => new()
    {
        { "StartupTimeout", (options, time) => options.StartupTimeout = time, Starts, [TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1), Timeout.InfiniteTimeSpan] },
        { "WithdrawalDelay", (options, time) => options.WithdrawalDelay = time, Delays, [TimeSpan.Zero, TimeSpan.FromDays(1)] },
        { "Retry:InitialDelay", (options, time) => options.Retry.InitialDelay = options.Retry.MaxDelay = time, Retries, [TimeSpan.FromMilliseconds(50), TimeSpan.FromHours(1)] },
    };

    private static TimeSpan[] Beyond => [TimeSpan.MaxValue, TimeSpan.MinValue, TimeSpan.FromDays(60), TimeSpan.FromDays(1) + TimeSpan.FromTicks(1), TimeSpan.FromSeconds(-5)];

    [Theory, MemberData(nameof(Ranges)), Trait("Trial", "H-17"), Trait("Spec", "CF-13")]
    public async Task A_time_out_of_its_range_is_refused_with_a_host_and_without(string key, Action<SpiffeOptions, TimeSpan> set, string range, TimeSpan[] good)
    {
        foreach (var time in (TimeSpan[])[.. Beyond, range == Starts ? TimeSpan.Zero : Timeout.InfiniteTimeSpan])
        {
            var options = new SpiffeOptions { EndpointSocket = Agent.Address };
            set(options, time);
            Assert.Contains($"Spiffe:{key}: must be {range}, but is {time}.", new SpiffeOptionsValidator().Validate(null, options).Failures!);

            var text = $"{key.Replace(':', '.')} must be {range}, but is {time}.";
            Assert.StartsWith(text, (await Assert.ThrowsAsync<ArgumentException>(() => X509Source.StartAsync(options, Loggers, Patience))).Message, StringComparison.Ordinal);
            Assert.StartsWith(text, (await Assert.ThrowsAsync<ArgumentException>(() => JwtBundleSource.StartAsync(options, Loggers, Patience))).Message, StringComparison.Ordinal);
            Assert.StartsWith(text, Assert.Throws<ArgumentException>(() => new JwtSource(options, Loggers)).Message, StringComparison.Ordinal);
        }

        foreach (var time in good)
        {
            var options = new SpiffeOptions { EndpointSocket = Agent.Address };
            set(options, time);
            Assert.True(new SpiffeOptionsValidator().Validate(null, options).Succeeded, $"{key} = {time}");
        }

        Assert.Empty(Agent.Calls);
    }

    [Fact, Trait("Trial", "H-17")]
    public async Task The_drain_timeout_of_a_client_has_the_range_of_the_server()
    {
        var source = await StartGoodAsync();
        using var handler = SpiffeHttpHandler.Create(source, SpiffeIdPattern.Any);
        foreach (var time in Beyond)
        {
            var error = Assert.Throws<ArgumentOutOfRangeException>(void () => handler.DrainTimeout = time);
            Assert.StartsWith($"DrainTimeout must be {Drains}, but is {time}.", error.Message, StringComparison.Ordinal);
            Assert.Equal(TimeSpan.FromSeconds(30), handler.DrainTimeout);
        }

        foreach (var time in new[] { TimeSpan.Zero, TimeSpan.FromDays(1), Timeout.InfiniteTimeSpan })
        {
            handler.DrainTimeout = time;
            Assert.Equal(time, handler.DrainTimeout);
        }
    }

    [Theory, Trait("Trial", "H-17"), Trait("Spec", "CF-14")]
    [InlineData("30", "is a number without a unit, which could mean days or seconds. Write 00:00:30 for 30 seconds.")]
    [InlineData("0", "is a number without a unit, which could mean days or seconds. Write 00:00:00 for 0 seconds.")]
    [InlineData("0.5", "is a number without a unit, which could mean days or seconds. Write 00:00:00.5000000 for 0.5 seconds.")]
    [InlineData("-1", "is a number without a unit, which could mean days or seconds. Write -00:00:01 for -1 seconds.")]
    [InlineData("1e300", "is a number without a unit, which could mean days or seconds. Write 00:00:30 for 1E+300 seconds.")]
    [InlineData("30 s", null)]
    [InlineData("30s", null)]
    [InlineData("1h", null)]
    [InlineData("PT30S", null)]
    [InlineData("00:30", null)]
    [InlineData("24:00:00", null)]
    [InlineData("99:00:00", null)]
    [InlineData("1:00:00:00", null)]
    [InlineData("00:00:60", null)]
    [InlineData(" ", null)]
    public void A_text_that_could_mean_another_time_is_refused(string text, string? mistake)
    {
        foreach (var key in new[] { "StartupTimeout", "WithdrawalDelay", "Retry:InitialDelay", "Retry:MaxDelay" })
            Assert.Contains(
                $"Spiffe:{key}: '{text}' {mistake ?? "is not a time. Write hours, minutes and seconds: 00:00:30 for 30 seconds, 1.00:00:00 for a day."}",
                Validate((key, text)).Failures!);
    }

    [Theory, Trait("Trial", "H-17")]
    [InlineData("00:00:30", 30)]
    [InlineData("00:00:00.3", 0.3)]
    [InlineData("23:59:59", 86399)]
    [InlineData("1.00:00:00", 86400)]
    [InlineData("-00:00:00.001", -0.001)]
    public void A_time_that_can_mean_only_one_is_taken(string text, double seconds)
    {
        var options = new SpiffeOptions();
        new SpiffeOptionsSetup(Configuration(("StartupTimeout", text))).Configure(options);
        Assert.Equal(TimeSpan.FromSeconds(seconds), options.StartupTimeout);
    }

    [Fact]
    public void A_choice_that_is_none_is_refused_in_code_too() => Assert.Contains(
        "Spiffe:IdentityRevocation: must be one of Withdraw, KeepUntilExpiry, but is 7.",
        new SpiffeOptionsValidator().Validate(null, new() { EndpointSocket = Agent.Address, IdentityRevocation = (IdentityRevocation)7 }).Failures!);

    [Fact]
    public void Two_choices_at_once_are_none() => Assert.Contains(
        "Spiffe:IdentityRevocation: 'Withdraw, KeepUntilExpiry' is none of Withdraw, KeepUntilExpiry.", Validate(("IdentityRevocation", "Withdraw, KeepUntilExpiry")).Failures!);

    [Theory]
    [InlineData("IdentityRevocation", "keepuntilexpiry")]
    [InlineData("Hint", null)]
    [InlineData("Retry:Jitter", "0")]
    [InlineData("Limits:MaxSvids", "7")]
    public void What_can_be_read_is_no_mistake(string key, string? text) => Assert.True(Validate((key, text)).Succeeded);

    [Fact]
    public void A_null_takes_back_what_an_earlier_source_says()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Spiffe:Hint", "x")]).AddInMemoryCollection([new("Spiffe:Hint", null)]).Build();
        var options = new SpiffeOptions();
        new SpiffeOptionsSetup(configuration).Configure(options);
        Assert.Null(options.Hint);
    }

    private static IConfigurationRoot Configuration(params (string Key, string? Text)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create($"Spiffe:{s.Key}", s.Text))).Build();

    private ValidateOptionsResult Validate(params (string Key, string? Text)[] settings) =>
        new SpiffeOptionsValidator(Configuration(settings)).Validate(null, new() { EndpointSocket = Agent.Address });
}
