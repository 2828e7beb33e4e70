using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>What one connection costs does not depend on how many others there are: each is looked at for itself.</summary>
[Trait("Trial", "A-02")]
public sealed class ManyConnectionsTests : PeerLifeTest
{
    private const int Many = 500;

    // Its own clock, which counts, and which can be made to stand in the middle of a look.
    private readonly WatchedClock _clock;

    public ManyConnectionsTests(ITestOutputHelper output) : base(output) => _clock = new(Time);

    [Fact]
    public async Task Connections_that_expire_together_are_looked_at_one_by_one_and_not_all_for_each_of_them()
    {
        var (registry, peer) = await ServeAsync();
        AllowWarning("SvidNotRenewed");
        var connections = Enumerable.Range(0, Many).Select(_ => Open(registry, peer)).ToArray();
        var before = _clock.Asked;
        Time.Advance(TimeSpan.FromMinutes(5.1));
        Assert.All(connections, connection => Assert.True(connection.Connection.IsAsked));
        await Task.WhenAll(connections.Select(connection => connection.Asked.WaitAsync(Timeout)));

        // When it is asked to close, when its SVID expires, and no oftener: each time the clock is asked by the verifier, and by the timer unless that found others due too.
        Assert.InRange(_clock.Asked - before, Many * 2, Many * 4);
    }

    [Fact]
    public async Task A_new_connection_does_not_wait_while_others_are_looked_at()
    {
        var (registry, peer) = await ServeAsync();
        Open(registry, peer);
        var held = _clock.Hold();
        var looking = Task.Factory.StartNew(() =>
        {
            held.OnThisThread();
            registry.Check();
        }, Timeout, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            await held.Reached.WaitAsync(Timeout);
            var accepted = await Task.Run(() => Open(registry, peer), Timeout).WaitAsync(Timeout);
            Assert.Same(peer, accepted.Connection.KnownPeer);
            Assert.True(accepted.Connection.AskToClose());
            Assert.False(looking.IsCompleted);
        }
        finally
        {
            held.Release();
        }

        await looking.WaitAsync(Timeout);
    }

    [Fact]
    public async Task A_connection_that_has_closed_is_not_kept_until_its_SVID_expires()
    {
        var (registry, peer) = await ServeAsync();
        var (connection, closed) = OpenAndClose(registry, peer);
        Assert.Equal(0, registry.Count);
        GC.Collect();
        Assert.False(connection.IsAlive);
        GC.KeepAlive(closed);
    }

    [Fact]
    public async Task A_peer_that_is_verified_when_its_connection_has_closed_is_not_kept_either()
    {
        var (registry, peer) = await ServeAsync();
        var connection = CloseAndAccept(registry, peer);
        GC.Collect();
        Assert.False(connection.IsAlive);
    }

    // Not inlined, so that nothing of it stays on the stack.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (WeakReference Connection, CancellationTokenSource Closed) OpenAndClose(PeerConnectionRegistry registry, SpiffePeer peer)
    {
        var opened = Open(registry, peer);
        opened.Closed.Cancel();
        return (new(opened.Connection), opened.Closed);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference CloseAndAccept(PeerConnectionRegistry registry, SpiffePeer peer)
    {
        var opened = new OpenConnection(registry, new());
        opened.Closed.Cancel();
        opened.Connection.Accept(peer);
        return new(opened.Connection);
    }

    private static OpenConnection Open(PeerConnectionRegistry registry, SpiffePeer peer)
    {
        var opened = new OpenConnection(registry, new());
        opened.Connection.Accept(peer);
        return opened;
    }

    private async Task<(PeerConnectionRegistry Registry, SpiffePeer Peer)> ServeAsync()
    {
        var server = await StartAsync(static _ => { });
        var result = server.Services.GetRequiredService<X509Source>().Verify(Peer(TimeSpan.FromMinutes(5)).Leaf, [], PeerRole.Client);
        return (server.Services.GetRequiredService<PeerConnectionRegistry>(), result.Accepted ? result.Peer : throw new InvalidOperationException($"{result.Reason}"));
    }

    protected override TimeProvider Clock => _clock;

    /// <summary>A connection as Kestrel tells of it, without what it carries.</summary>
    private sealed class OpenConnection : IConnectionLifetimeNotificationFeature
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public OpenConnection(PeerConnectionRegistry registry, CancellationTokenSource closed)
        {
            Closed = closed;
            var context = new DefaultConnectionContext { ConnectionClosed = Closed.Token };
            context.Features.Set<IConnectionLifetimeNotificationFeature>(this);
            Connection = registry.Add(context);
        }

        public PeerConnection Connection { get; }

        public CancellationTokenSource Closed { get; }

        public Task Asked => _asked.Task;

        public CancellationToken ConnectionClosedRequested { get; set; }

        public void RequestClose() => _asked.TrySetResult();
    }

    /// <summary>Counts who asks, and lets one thread wait for its answer.</summary>
    private sealed class WatchedClock(TimeProvider time) : TimeProvider
    {
        private volatile Held? _held;
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);

        public override long TimestampFrequency => time.TimestampFrequency;

        public Held Hold() => _held = new();

        public override DateTimeOffset GetUtcNow()
        {
            Interlocked.Increment(ref _asked);
            _held?.WaitIfMeant();
            return time.GetUtcNow();
        }

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);
    }

    private sealed class Held
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile int _thread;

        public Task Reached => _reached.Task;

        public void OnThisThread() => _thread = Environment.CurrentManagedThreadId;

        public void Release() => _released.TrySetResult();

        public void WaitIfMeant()
        {
            if (Environment.CurrentManagedThreadId != _thread) return;
            _reached.TrySetResult();
            _released.Task.Wait();
        }
    }
}
