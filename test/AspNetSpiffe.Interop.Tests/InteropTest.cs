using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>A test with a folder that is removed, a patience, and programs and servers that are stopped at the end.</summary>
/// <param name="patience">How long a test waits for what must come, if it is one that takes its time.</param>
public abstract class InteropTest(ITestOutputHelper output, TimeSpan? patience = null) : LoggedTest(output)
{
    // Two cores, several test projects at once, and Node.js takes a second to start: patience costs nothing.
    private readonly CancellationTokenSource _patience = new(patience ?? HangLimit.OfATest);
    private readonly Stack<IAsyncDisposable> _toStop = new();

    /// <summary>How long a test waits for what must come.</summary>
    protected CancellationToken Patience => _patience.Token;

    /// <summary>An existing folder of this test that only its user may read.</summary>
    protected string Folder { get; } = Directory.CreateTempSubdirectory("spiffe-test-").FullName;

    protected T Stopping<T>(T thing) where T : IAsyncDisposable
    {
        _toStop.Push(thing);
        return thing;
    }

    protected async Task<DevAgent> StartAgentAsync(DevAgentOptions options)
    {
        options.Directory ??= Path.Combine(Folder, options.TrustDomain.Name);
        return Stopping(await DevAgent.StartAsync(options, Patience));
    }

    protected async Task<X509Source> StartSourceAsync(string address) =>
        Stopping(await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = address }, Loggers, Patience));

    /// <summary>Does what changes the SVIDs, and waits until all sources have the change.</summary>
    protected async Task RenewAsync(Func<Task> change, params X509Source[] sources)
    {
        var renewed = sources.Select(source => source.GetChangeToken().ChangedAsync(Patience)).ToArray();
        await change();
        await Task.WhenAll(renewed);
    }

    protected override async ValueTask StopAsync()
    {
        foreach (var thing in _toStop) await thing.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
        _patience.Dispose();
    }
}
