using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Files;

/// <summary>A test with files of an SVID in a folder, and a source over them whose clock only the test moves.</summary>
public abstract class FileTest(ITestOutputHelper output) : LoggedTest(output)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);

    private readonly CancellationTokenSource _patience = new(HangLimit.OfATest);
    private readonly List<IAsyncDisposable> _running = [];

    protected CancellationToken Patience => _patience.Token;

    protected SvidFolder Folder { get; } = new();

    protected TestPki Pki { get; } = new("example.org", intermediates: 1);

    protected ManualTime Time { get; } = new();

    protected override async ValueTask StopAsync()
    {
        foreach (var running in _running) await running.DisposeAsync();
        Folder.Dispose();
        _patience.Dispose();
    }

    /// <summary>Writes the three files of cert-manager.</summary>
    protected void Write(TestSvid svid, TestPki? pki = null)
    {
        Folder.Write("tls.crt", SvidFolder.ChainOf(svid));
        Folder.Write("tls.key", SvidFolder.KeyOf(svid));
        Folder.Write("ca.crt", SvidFolder.Pem((pki ?? Pki).Root.Certificate));
    }

    protected SpiffeOptions CertManager(Action<SpiffeOptions>? change = null)
    {
        var options = new SpiffeOptions { Files = { Layout = SpiffeFileLayout.CertManager, Directory = Folder.Root } };
        change?.Invoke(options);
        return options;
    }

    protected X509Source Start(SpiffeOptions options)
    {
        var source = Keep(new X509Source(options, Loggers, null, Time));
        source.Start();
        return source;
    }

    protected async Task<X509Source> StartGoodAsync(SpiffeOptions options)
    {
        var source = Start(options);
        await source.WaitForFirstAsync(Patience);
        await WaitForAsync("SvidRenewed", Patience);
        return source;
    }

    protected T Keep<T>(T running) where T : IAsyncDisposable
    {
        _running.Add(running);
        return running;
    }

    /// <summary>Lets the source look at its files.</summary>
    protected async Task LookAsync(int times = 1)
    {
        for (var look = 0; look < times; look++)
        {
            await Time.WaitForTimerAsync(Patience, Interval);
            Time.Advance(Interval);
        }

        await Time.WaitForTimerAsync(Patience, Interval);
    }

    /// <summary>Waits until what the files say now is in use, as the clock of the source goes: two seconds at most.</summary>
    protected async Task<X509Context> NextAsync(X509Source source)
    {
        var changed = source.GetChangeToken().ChangedAsync(Patience);
        await LookAsync(4);
        await changed;
        return source.Current!;
    }
}
