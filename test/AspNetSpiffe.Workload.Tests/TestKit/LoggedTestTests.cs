using AspNetSpiffe.TestKit;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.TestKit;

public sealed partial class LoggedTestTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(LogLevel.Information, "", "", null)]
    [InlineData(LogLevel.Warning, "", "", "Unexpected: Warning Category Happened: it happened")]
    [InlineData(LogLevel.Error, "", "", "Unexpected: Error Category Happened: it happened")]
    [InlineData(LogLevel.Warning, "Other", "", "Unexpected: Warning Category Happened: it happened")]
    [InlineData(LogLevel.Warning, "Happened", "", null)]
    [InlineData(LogLevel.Warning, "", "Happened", null)]
    [InlineData(LogLevel.Information, "Happened", "", "Expected but not logged: Happened")]
    [InlineData(LogLevel.Information, "", "Happened", null)]
    public async Task A_warning_that_nobody_expected_fails_the_test(LogLevel level, string expected, string allowed, string? complaint)
    {
        var test = new Sample(output);
        if (expected.Length > 0) test.Expect(expected);
        if (allowed.Length > 0) test.Allow(allowed);
        Log.Happened(test.Logger, level, 7);

        var verdict = await Record.ExceptionAsync(() => test.DisposeAsync().AsTask());
        if (complaint is null) Assert.Null(verdict);
        else Assert.Contains(complaint, Assert.IsType<Xunit.Sdk.XunitException>(verdict).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AspNetSpiffe.Revocation", 1, "RevocationListTaken", LogLevel.Information, null, true)]
    [InlineData("AspNetSpiffe.Revocation", 1, "RevocationListTaken", LogLevel.Information, "another text", false)]
    [InlineData("AspNetSpiffe.Revocation", 1, "RevocationListTaken", LogLevel.Debug, null, false)]
    [InlineData("AspNetSpiffe.Revocation", 1, "AnotherName", LogLevel.Information, null, false)]
    [InlineData("AspNetSpiffe.Revocation", 3, "RevocationListTaken", LogLevel.Information, null, false)]
    [InlineData("AspNetSpiffe.Elsewhere", 1, "RevocationListTaken", LogLevel.Information, null, false)]
    [InlineData("Elsewhere", 1, "RevocationListTaken", LogLevel.Information, null, true)]
    [InlineData("AspNetSpiffe.Elsewhere", 1, "AnotherName", LogLevel.Information, null, true)]
    public void An_event_that_the_page_on_them_has_otherwise_fails_the_test(string category, int id, string name, LogLevel level, string? template, bool passes)
    {
        template ??= "Loaded the certificate revocation list '{Place}' of '{TrustDomain}': issuer {Issuer}, number {Number}, {Count} revoked, next update {NextUpdate:u}.";
        var record = new LogRecord(level, category, new(id, name), "", new Dictionary<string, object?>(StringComparer.Ordinal) { ["{OriginalFormat}"] = template }, null);
        var verdict = LoggedTest.Verdict([record], new HashSet<string>(), new HashSet<string>());
        if (passes) Assert.Null(verdict);
        else Assert.Contains("Not so in docs/reference/log-events.md", verdict, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_can_wait_for_an_event()
    {
        using var patience = new CancellationTokenSource(HangLimit.OfATest);
        await using var test = new Sample(output);
        Log.Happened(test.Logger, LogLevel.Information, 1);
        Assert.Equal(1, (await test.Wait("Happened", 1, patience.Token)).Values["Value"]);

        var second = test.Wait("Happened", 2, patience.Token);
        Assert.False(second.IsCompleted);
        Log.Happened(test.Logger, LogLevel.Information, 2);
        Assert.Equal(2, (await second).Values["Value"]);
    }

    private sealed class Sample(ITestOutputHelper output) : LoggedTest(output)
    {
        public ILogger Logger => Loggers.CreateLogger("Category");

        public void Expect(string name) => ExpectWarning(name);

        public void Allow(string name) => AllowWarning(name);

        public Task<LogRecord> Wait(string name, int times, CancellationToken cancellationToken) => WaitForAsync(name, cancellationToken, times);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, EventName = "Happened", Message = "it happened {Value}")]
        public static partial void Happened(ILogger logger, LogLevel level, int value);
    }
}
