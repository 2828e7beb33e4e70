using Microsoft.Extensions.Logging;
using Xunit;

namespace AspNetSpiffe.TestKit;

/// <summary>A test that fails when a host under test logs a warning or an error that it did not expect, or an event of ours that differs from docs/reference/log-events.md.</summary>
/// <remarks>
/// Give the hosts <see cref="Logs"/> (<c>builder.Logging.AddProvider(Logs)</c>) or <see cref="Loggers"/>, and stop them before the test ends:
/// <see cref="StopAsync"/> is the place for it. The whole log goes to the test's output.
/// </remarks>
public abstract class LoggedTest : IAsyncLifetime
{
    // A result of hundreds of megabytes is lost by the test platform, with all later results.
    private const int MostShown = 5_000;

    private readonly ITestOutputHelper _output;
    private readonly HashSet<string> _expected = new(StringComparer.Ordinal);
    private readonly HashSet<string> _allowed = new(StringComparer.Ordinal);

    /// <summary>Creates the collector of a test.</summary>
    protected LoggedTest(ITestOutputHelper output)
    {
        _output = output;
        Loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Logs));
    }

    /// <summary>Gets everything that was logged: the provider to give to a host.</summary>
    protected LogRecords Logs { get; } = new();

    /// <summary>Gets a factory that logs to <see cref="Logs"/> at every level, for objects without a host.</summary>
    protected ILoggerFactory Loggers { get; }

    /// <summary>Declares a warning or error part of the test: it must be logged at least once.</summary>
    protected void ExpectWarning(string eventName) => _expected.Add(eventName);

    /// <summary>Declares a warning or error harmless: it may be logged or not, for example because it depends on which side closes first.</summary>
    protected void AllowWarning(string eventName) => _allowed.Add(eventName);

    /// <summary>Waits until an event was logged, earlier records included.</summary>
    protected Task<LogRecord> WaitForAsync(string eventName, CancellationToken cancellationToken, int times = 1) =>
        Logs.WaitForAsync(eventName, cancellationToken, times);

    /// <summary>Starts what each test of the class needs.</summary>
    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Stops what the test started, and fails it on an unexpected warning, a missing expected one, or an event that differs from the page of log events.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync();
        }
        finally
        {
            Loggers.Dispose();
            ShowLog();
        }

        if (Verdict(Logs.All, _expected, _allowed) is { } verdict) throw new Xunit.Sdk.XunitException(verdict);
    }

    /// <summary>Stops what the test started; events that are logged meanwhile are checked too.</summary>
    protected virtual ValueTask StopAsync() => ValueTask.CompletedTask;

    /// <summary>Returns what is wrong with a log; null if nothing is.</summary>
    public static string? Verdict(IReadOnlyList<LogRecord> records, IReadOnlySet<string> expected, IReadOnlySet<string> allowed)
    {
        // The framework warns on a new machine that it created a data protection key.
        var grave = records.Where(r => r.Level >= LogLevel.Warning && !r.Category.StartsWith("Microsoft.AspNetCore.DataProtection.", StringComparison.Ordinal)).ToArray();
        string[] mistakes =
        [
            .. grave.Where(r => !expected.Contains(r.Event.Name ?? "") && !allowed.Contains(r.Event.Name ?? "")).Select(r => $"Unexpected: {r}"),
            .. expected.Where(name => !grave.Any(r => r.Event.Name == name)).Select(name => $"Expected but not logged: {name}"),
            .. DocumentedEvents.ContradictedBy(records),
        ];
        return mistakes.Length == 0 ? null : string.Join(Environment.NewLine, mistakes);
    }

    private void ShowLog()
    {
        var records = Logs.All;
        if (records.Count > MostShown) _output.WriteLine($"{records.Count - MostShown} records before these are left out.");
        foreach (var record in records.TakeLast(MostShown)) _output.WriteLine(record.ToString());
    }
}
