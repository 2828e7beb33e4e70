using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>A test with a source over the agent, whose clock only the test moves.</summary>
public abstract class SourceTest(ITestOutputHelper output) : AgentTest(output)
{
    /// <summary>The longest pause between two attempts; what the source waits for beside it takes longer.</summary>
    protected static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly List<X509Source> _sources = [];

    /// <summary>The clock of the source.</summary>
    protected ManualTime Time { get; } = new();

    protected override async ValueTask StopAsync()
    {
        foreach (var source in _sources) await source.DisposeAsync();
        await base.StopAsync();
    }

    /// <summary>Makes a source that has not begun.</summary>
    protected X509Source Make(Action<SpiffeOptions>? change = null)
    {
        var options = new SpiffeOptions { EndpointSocket = Agent.Address };
        change?.Invoke(options);
        var source = new X509Source(options, Loggers, null, Time);
        _sources.Add(source);
        return source;
    }

    /// <summary>Makes a source that has begun.</summary>
    protected X509Source Start(Action<SpiffeOptions>? change = null)
    {
        var source = Make(change);
        source.Start();
        return source;
    }

    /// <summary>Starts a source whose agent sends one good SVID at once.</summary>
    protected async Task<X509Source> StartGoodAsync(string path = "/workload", Action<SpiffeOptions>? change = null)
    {
        Agent.Send(Pki.Response(Pki.Leaf(path)));
        var source = Start(change);
        await source.WaitForFirstAsync(Patience);
        await WaitForAsync("SvidRenewed", Patience);
        return source;
    }

    /// <summary>Waits until the source has published its next context.</summary>
    protected async Task<X509Context> NextAsync(X509Source source, Action provoke)
    {
        var changed = source.GetChangeToken().ChangedAsync(Patience);
        provoke();
        await changed;
        return source.Current!;
    }

    /// <summary>Lets the source's pause before its next attempt pass, and says how long it was.</summary>
    protected async Task<TimeSpan> PassPauseAsync()
    {
        var pause = await Time.WaitForTimerAsync(Patience, LongestPause);
        Time.Advance(pause);
        return pause;
    }

    /// <summary>How often an event was logged.</summary>
    protected int Logged(string eventName) => Logs.All.Count(r => r.Event.Name == eventName);
}
