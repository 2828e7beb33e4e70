using System.Diagnostics.Metrics;
using AspNetSpiffe.TestKit;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>Log providers, meter listeners and subscribers that throw, and that hang: what they are told of has happened, and nobody else waits for them.</summary>
[Trait("Trial", "H-01")]
public sealed class HostileListenerTests(ITestOutputHelper output) : SourceTest(output)
{
    private readonly ManualResetEventSlim _hang = new();

    protected override async ValueTask StopAsync()
    {
        _hang.Set();
        await base.StopAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_SVID_is_renewed_refused_and_withdrawn_whatever_the_log_and_the_meter_do(bool hangs)
    {
        ExpectWarning("AgentUnavailable");
        ExpectWarning("UpdateRefused");
        ExpectWarning("IdentityWithdrawn");
        Agent.Send(Pki.Response(Pki.Leaf("/first")));
        using var log = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(new HostileLog(Misbehave)));
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        using var listener = Listen(meters, Misbehave);
        var hostile = new X509Source(new() { EndpointSocket = Agent.Address }, log, new SourceRegistry(meters), Time);
        hostile.Start();
        await hostile.WaitForFirstAsync(Patience);
        using var subscription = hostile.GetChangeToken().RegisterChangeCallback(_ => Misbehave(), null);
        var other = Start();
        await other.WaitForFirstAsync(Patience);

        // Renewed.
        var (here, there) = (NextAsync(hostile, () => { }), NextAsync(other, () => Agent.Send(Pki.Response(Pki.Leaf("/second")))));
        Assert.Equal("/second", (await here).DefaultSvid.Id.Path);
        Assert.Equal("/second", (await there).DefaultSvid.Id.Path);

        // Refused, and renewed after that.
        Agent.Send(new Wire.X509SVIDResponse());
        (here, there) = (NextAsync(hostile, () => { }), NextAsync(other, () => Agent.Send(Pki.Response(Pki.Leaf("/third")))));
        Assert.Equal("/third", (await here).DefaultSvid.Id.Path);
        Assert.Equal("/third", (await there).DefaultSvid.Id.Path);

        // Taken back: by a timer.
        var (gone, goneThere) = (hostile.GetChangeToken().ChangedAsync(Patience), other.GetChangeToken().ChangedAsync(Patience));
        Agent.OnEachCall = agent => agent.CloseWith(StatusCode.PermissionDenied, "no");
        Agent.CloseWith(StatusCode.PermissionDenied, "no");
        await WaitForAsync("IdentityMissing", Patience);
        while (!gone.IsCompleted || !goneThere.IsCompleted) await PassPauseAsync();
        await Task.WhenAll(gone, goneThere);
        Assert.Null(hostile.Current);
        Assert.Null(other.Current);

        // And it ends, though nobody listens to the last words.
        await hostile.DisposeAsync().AsTask().WaitAsync(Patience);

        void Misbehave()
        {
            if (hangs) _hang.Wait(Patience);
            else throw new InvalidOperationException("hostile");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tokens_and_their_bundles_come_whatever_the_log_does(bool hangs)
    {
        using var log = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(new HostileLog(() =>
        {
            if (hangs) _hang.Wait(Patience);
            else throw new InvalidOperationException("hostile");
        })));
        var tokens = new JwtSource(new() { EndpointSocket = Agent.Address }, log, Time);
        var bundles = new JwtBundleSource(new() { EndpointSocket = Agent.Address }, log, Time);
        var token = new TestToken().ToString();
        for (var i = 0; i < 2; i++)
        {
            Agent.Send(new Wire.JWTSVIDResponse { Svids = { new Wire.JWTSVID { SpiffeId = "spiffe://td/web", Svid = token } } });
            Agent.CloseWith(StatusCode.OK);
            Assert.Equal(token, (await tokens.GetAsync(["aud"], i == 0 ? null : SpiffeId.Parse("spiffe://td/web"), Patience)).Token);
        }

        Agent.CloseWith(StatusCode.Unavailable, "not yet");
        Agent.Send(new Wire.JWTBundlesResponse());
        bundles.Start();
        await PassPauseAsync();
        foreach (var name in new[] { "one", "two" })
        {
            var changed = bundles.GetChangeToken().ChangedAsync(Patience);
            Agent.Send(new Wire.JWTBundlesResponse { Bundles = { [$"spiffe://{name}"] = Google.Protobuf.ByteString.CopyFromUtf8("""{"keys":[]}""") } });
            await changed;
            Assert.NotNull(bundles.Current!.Find(TrustDomain.Parse(name)));
        }

        await tokens.DisposeAsync().AsTask().WaitAsync(Patience);
        await bundles.DisposeAsync().AsTask().WaitAsync(Patience);
    }

    private sealed class HostileLog(Action misbehave) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel)
        {
            misbehave();
            return true;
        }

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => misbehave();

        public void Dispose()
        {
        }
    }

    private static MeterListener Listen(IMeterFactory meters, Action misbehave)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, asking) =>
            {
                if (instrument.Meter.Scope == meters && !instrument.IsObservable) asking.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => misbehave());
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => misbehave());
        listener.Start();
        return listener;
    }
}
