using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Handshakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>What the application gives to a client may throw or block: the others go on, and whoever is to be cut off is.</summary>
public sealed class ForeignCodeTests(ITestOutputHelper output) : IssuedTest(output)
{
    private const int Many = 20;

    private readonly TestPki _pki = new();
    private readonly TestPki _peerPki = new();
    private readonly ManualTime _time = new();

    // Streams that will not close leave them open.
    private readonly ConcurrentQueue<Socket> _sockets = [];

    private TestIdentity Both => new(_pki.Leaf("/client"), _pki.Root.Certificate, _peerPki.Root.Certificate);

    private TestIdentity OursOnly => new(_pki.Leaf("/client"), _pki.Root.Certificate);

    [Theory, Trait("Trial", "H-01")]
    [InlineData("1.1", "throw")]
    [InlineData("2.0", "throw")]
    [InlineData("1.1", "block")]
    [InlineData("2.0", "block")]
    public async Task Streams_that_will_not_close_keep_no_connection_to_a_server_that_is_no_longer_trusted(string version, string how)
    {
        if (how == "throw") AllowWarning("ClientStreamFailed");
        var blocked = new TaskCompletionSource();
        var (started, finish) = (new CountdownEvent(Many), new TaskCompletionSource());
        var server = await StartServerAsync(await IssueAsync(new(_peerPki.Leaf("/server"), _pki.Root.Certificate, _peerPki.Root.Certificate)), map: app => app.MapGet("/slow", async (HttpContext http) =>
        {
            await http.Response.StartAsync();
            started.Signal();
            await finish.Task;
            await http.Response.WriteAsync("secret");
        }));
        var agent = await IssueAsync(Both);
        var source = await TimedSourceAsync(agent, Loggers);
        var clients = Enumerable.Range(0, Many).Select(_ => Client(AddressOf(server), SpiffeHttpHandler.Create(
            source, SpiffeIdPattern.Parse(Expected), handler => handler.ConnectCallback = Stubborn(how == "throw" ? () => throw new IOException("No.") : blocked.Task.Wait)))).ToArray();
        try
        {
            var answers = clients.Select(client => GetAsync(client, version, "/slow")).ToArray();
            await Task.Run(() => started.Wait(Timeout));

            await ReissueAsync(agent, source, OursOnly);
            await WaitForAsync("ServerConnectionEnded", Timeout, times: Many);
            await AdvanceUntilAsync(() => Logs.All.Count(r => r.Event.Name == "ServerConnectionAborted") == Many);

            // Only now does the server answer; whatever comes is not passed on.
            finish.SetResult();
            foreach (var answer in answers) await Assert.ThrowsAsync<HttpRequestException>(() => answer);
        }
        finally
        {
            blocked.TrySetResult();
            finish.TrySetResult();
            foreach (var client in clients) client.Dispose();
            foreach (var socket in _sockets) socket.Dispose();
        }
    }

    [Theory, Trait("Trial", "H-01")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_filter_of_streams_that_will_not_close_passes_nothing_on_from_a_server_that_is_no_longer_trusted(string version)
    {
        var (started, finish) = (new TaskCompletionSource(), new TaskCompletionSource());
        var server = await StartServerAsync(await IssueAsync(new(_peerPki.Leaf("/server"), _pki.Root.Certificate, _peerPki.Root.Certificate)), map: app => app.MapGet("/slow", async (HttpContext http) =>
        {
            await http.Response.StartAsync();
            started.SetResult();
            await finish.Task;
            await http.Response.WriteAsync("secret");
        }));
        var agent = await IssueAsync(Both);
        var source = await TimedSourceAsync(agent, Loggers);
        var ends = new ConcurrentQueue<Stream>();
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected), handler => handler.PlaintextStreamFilter = (context, _) =>
        {
            ends.Enqueue(context.PlaintextStream);
            return ValueTask.FromResult<Stream>(new StubbornFilter(context.PlaintextStream));
        }));
        try
        {
            var answer = GetAsync(client, version, "/slow");
            await started.Task.WaitAsync(Timeout);
            await ReissueAsync(agent, source, OursOnly);
            await WaitForAsync("ServerConnectionEnded", Timeout);
            await AdvanceUntilAsync(() => Logs.All.Any(r => r.Event.Name == "ServerConnectionAborted"));

            finish.SetResult();
            await Assert.ThrowsAsync<HttpRequestException>(() => answer);
        }
        finally
        {
            finish.TrySetResult();
            foreach (var end in ends) await end.DisposeAsync();
        }
    }

    [Fact, Trait("Trial", "H-01")]
    public async Task Streams_that_block_when_our_SVID_is_renewed_hold_up_no_request()
    {
        var blocked = new TaskCompletionSource();
        var server = await StartServerAsync(await IssueAsync(new(_pki.Leaf("/server"), _pki.Root.Certificate)));
        var agent = await IssueAsync(Both);
        var source = await TimedSourceAsync(agent, Loggers);
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected), handler => handler.ConnectCallback = Stubborn(blocked.Task.Wait)));
        try
        {
            for (var i = 0; i < 5; i++)
            {
                await GetAsync(client);
                await ReissueAsync(agent, source, Both);
            }
        }
        finally
        {
            blocked.TrySetResult();
            foreach (var socket in _sockets) socket.Dispose();
        }
    }

    [Theory, Trait("Trial", "H-01")]
    [InlineData("throw")]
    [InlineData("block")]
    public async Task A_log_provider_that_throws_or_blocks_changes_nothing_when_servers_are_left(string how)
    {
        var blocked = new TaskCompletionSource();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(new Provider(how == "throw" ? () => throw new IOException("Full.") : blocked.Task.Wait)));
        var server = await StartServerAsync(await IssueAsync(new(_peerPki.Leaf("/server"), _pki.Root.Certificate, _peerPki.Root.Certificate)), map: app => app.MapGet("/endless", async (HttpContext http) =>
            await Task.Delay(System.Threading.Timeout.Infinite, http.RequestAborted)));
        var agent = await IssueAsync(Both);
        var source = await TimedSourceAsync(agent, loggers);
        var clients = Enumerable.Range(0, Many).Select(_ => Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected)))).ToArray();
        try
        {
            foreach (var client in clients) await GetAsync(client);
            var answers = clients.Select(client => GetAsync(client, path: "/endless")).ToArray();
            await ReissueAsync(agent, source, OursOnly);
            foreach (var client in clients) await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client));

            await AdvanceUntilAsync(() => answers.All(answer => answer.IsCompleted));
            foreach (var answer in answers) await Assert.ThrowsAsync<HttpRequestException>(() => answer);
        }
        finally
        {
            blocked.TrySetResult();
            foreach (var client in clients) client.Dispose();
        }
    }

    [Theory, Trait("Trial", "H-01")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_server_that_is_distrusted_while_a_filter_of_streams_works_hears_nothing(string version)
    {
        var requests = 0;
        var server = await StartServerAsync(
            await IssueAsync(new(_peerPki.Leaf("/server"), _pki.Root.Certificate, _peerPki.Root.Certificate)), map: app => app.MapFallback(() => Interlocked.Increment(ref requests)));
        var agent = await IssueAsync(Both);
        var source = await TimedSourceAsync(agent, Loggers);
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected), handler => handler.PlaintextStreamFilter = async (context, _) =>
        {
            await ReissueAsync(agent, source, OursOnly);
            return context.PlaintextStream;
        }));

        Assert.Equal(RejectionReason.NotTrusted, (await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client, version, "/anything"))).Reason);
        Assert.Equal(0, requests);
    }

    [Theory, Trait("Trial", "H-10")]
    [InlineData("1.1", false)]
    [InlineData("2.0", false)]
    [InlineData("1.1", true)]
    public async Task A_connection_ends_with_the_first_certificate_of_the_server_s_chain_that_expires(string version, bool throughProxy)
    {
        var started = new TaskCompletionSource();
        var end = new DateTimeOffset(_time.GetUtcNow().AddMinutes(10).Ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);
        var intermediate = _peerPki.Root.Intermediate(i => i with { NotAfter = end });
        var server = await StartServerAsync(await IssueAsync(new(intermediate.Leaf("/server"), _pki.Root.Certificate, _peerPki.Root.Certificate)), map: app => app.MapGet("/endless", async (HttpContext http) =>
        {
            started.SetResult();
            await Task.Delay(System.Threading.Timeout.Infinite, http.RequestAborted);
        }));
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(
            await TimedSourceAsync(await IssueAsync(Both), Loggers), SpiffeIdPattern.Parse(Expected), throughProxy ? Keep(new ConnectProxy()).Use : null));
        var answer = GetAsync(client, version, "/endless");
        await started.Task.WaitAsync(Timeout);

        // H-24: the last second belongs to it.
        _time.Advance(end - _time.GetUtcNow() + TimeSpan.FromMilliseconds(999));
        await GetAsync(client, version);
        Assert.DoesNotContain(Logs.All, r => r.Event.Name == "ServerConnectionEnded");

        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(RejectionReason.Expired, (await WaitForAsync("ServerConnectionEnded", Timeout)).Values["Reason"]);
        await AdvanceUntilAsync(() => answer.IsCompleted);
        await WaitForAsync("ServerConnectionAborted", Timeout);
        await Assert.ThrowsAsync<HttpRequestException>(() => answer);
    }

    [Theory, Trait("Trial", "H-10")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_clock_that_jumps_past_the_expiry_of_a_server_counts_from_the_next_request_on_even_if_no_timer_fired(string version)
    {
        var clock = new JumpingClock();
        var server = await StartServerAsync(await IssueAsync(new(
            _peerPki.Leaf(l => l with { Uris = ["spiffe://example.org/server"], NotAfter = clock.GetUtcNow().AddMinutes(10) }), _pki.Root.Certificate, _peerPki.Root.Certificate)));
        await using var source = new X509Source(new SpiffeOptions { EndpointSocket = (await IssueAsync(Both)).Address }, Loggers, null, clock);
        source.Start();
        await source.WaitForFirstAsync(Timeout);
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected)));
        await GetAsync(client, version);

        clock.Offset = TimeSpan.FromMinutes(11);
        Assert.Equal(RejectionReason.Expired, (await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client, version))).Reason);
    }

    // The log may say that a connection is left before the timer of its end is armed, and that may be armed after the first step, from there.
    private async Task AdvanceUntilAsync(Func<bool> isReached)
    {
        _time.Advance(TimeSpan.FromSeconds(31));
        for (; !isReached(); await Task.Yield())
        {
            Timeout.ThrowIfCancellationRequested();
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }
    }

    private async Task<X509Source> TimedSourceAsync(FakeAgent agent, ILoggerFactory loggers)
    {
        var source = Keep(new X509Source(new SpiffeOptions { EndpointSocket = agent.Address }, loggers, null, _time));
        source.Start();
        await source.WaitForFirstAsync(Timeout);
        return source;
    }

    private Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> Stubborn(Action whenDisposed) => async (context, cancellationToken) =>
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        _sockets.Enqueue(socket);
        await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        return new StubbornStream(socket, whenDisposed);
    };

    /// <summary>A clock whose timers know nothing of its jumps.</summary>
    private sealed class JumpingClock : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
    }

    /// <summary>A stream that does something else when it is to close, and stays open.</summary>
    private sealed class StubbornStream(Socket socket, Action whenDisposed) : NetworkStream(socket)
    {
        [SuppressMessage("Usage", "CA2215:Dispose methods should call base class dispose", Justification = "That is what it will not do.")]
        protected override void Dispose(bool disposing)
        {
            if (disposing) whenDisposed();
        }
    }

    /// <summary>A stream above the TLS that does not end when it is to.</summary>
    private sealed class StubbornFilter(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

        public override void Flush() => inner.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }

    private sealed class Provider(Action whenLogging) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => whenLogging();

        public void Dispose()
        {
        }
    }
}
