using System.Net;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>A peer is asked to close before its SVID expires, so that a caller that keeps its connections sees no refusal; the refusal stays as the hard stop.</summary>
public sealed class EarlyCloseTests(ITestOutputHelper output) : PeerLifeTest(output)
{
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(0.2);
    private static readonly DateTimeOffset Accepted = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // In seconds: what was left at the handshake, the option, the chance, and how long before the end the peer is asked.
    [Theory, Trait("Trial", "A-02")]
    [InlineData(3600, 30, 0, 30)]
    [InlineData(3600, 30, 1, 15)]
    [InlineData(3600, 30, 0.5, 22.5)]
    [InlineData(60, 30, 0, 20)]
    [InlineData(3, 30, 1, 0.5)]
    [InlineData(3600, 0, 0, 0)]
    [InlineData(0, 30, 0, 0)]
    [InlineData(-5, 30, 0, 0)]
    public void A_peer_is_asked_within_the_time_that_the_option_says_and_within_a_third_of_what_was_left(double left, double before, double chance, double lead)
    {
        var validUntil = Accepted.AddSeconds(left);
        Assert.Equal(validUntil.AddSeconds(-lead), EarlyClose.At(validUntil, Accepted, TimeSpan.FromSeconds(before), chance));
    }

    [Fact, Trait("Trial", "A-02")]
    public void Peers_whose_SVIDs_were_issued_together_are_asked_one_after_the_other()
    {
        var chance = new Random(1);
        var seconds = Enumerable.Range(0, 10_000)
            .Select(_ => EarlyClose.At(Accepted.AddHours(1), Accepted, TimeSpan.FromSeconds(30), chance.NextDouble()))
            .CountBy(at => (long)(at - Accepted).TotalSeconds).ToArray();
        Assert.Equal(15, seconds.Length);
        Assert.All(seconds, second => Assert.InRange(second.Value, 500, 850));
    }

    [Fact, Trait("Trial", "A-02")]
    public void A_peer_that_comes_back_with_the_same_SVID_is_not_asked_in_a_tight_loop()
    {
        var (now, validUntil, connections) = (Accepted, Accepted.AddSeconds(30), 0);
        for (; validUntil - now > TimeSpan.FromMilliseconds(10); connections++) now = EarlyClose.At(validUntil, now, TimeSpan.FromSeconds(30), 0);
        Assert.InRange(connections, 1, 10);
    }

    [Theory, Trait("Trial", "A-02")]
    [InlineData("1.1", "GET")]
    [InlineData("1.1", "POST")]
    [InlineData("2.0", "GET")]
    [InlineData("2.0", "POST")]
    public async Task A_busy_caller_that_keeps_its_connections_past_its_own_rotation_sees_no_refusal(string version, string method)
    {
        var serials = new HashSet<string>();
        var server = await StartAsync(app => app.MapMethods("/load", ["GET", "POST"], async (HttpContext http, CancellationToken aborted) =>
        {
            await http.Request.Body.CopyToAsync(Stream.Null, aborted);
            lock (serials) serials.Add(http.Connection.ClientCertificate!.SerialNumber);
        }), ("Logging:LogLevel:Microsoft.AspNetCore", "Warning"), ("Logging:LogLevel:Microsoft.AspNetCore.Server.Kestrel", "Debug"));
        var newest = Peer(TimeSpan.FromMinutes(1)).Leaf;
        using var client = Client(NamedAddressOf(server), new SocketsHttpHandler
        {
            // New connections show the newest SVID; old ones are kept.
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true, LocalCertificateSelectionCallback = (_, _, _, _, _) => Volatile.Read(ref newest) },
        });
        var load = Enumerable.Range(0, 4).Select(_ => new Caller(client, version, method)).ToArray();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(Timeout);
        var running = load.Select(caller => caller.RunAsync(stopping.Token)).ToArray();

        for (var rotation = 0; rotation < 6 && !running.Any(caller => caller.IsCompleted); rotation++)
        {
            // At half of its life, as agents do.
            Volatile.Write(ref newest, Peer(TimeSpan.FromMinutes(1)).Leaf);
            for (var step = 0; step < 30; step++)
            {
                Time.Advance(TimeSpan.FromSeconds(1));
                await ClosedAsync(server, version);
                await await Task.WhenAny([AnsweredAsync(load), .. running]);
            }
        }

        await stopping.CancelAsync();
        await Task.WhenAll(running);
        await server.StopAsync(Timeout);
        var failures = string.Join("\n\n", load.SelectMany(caller => caller.Failures));
        Assert.True(failures.Length == 0, failures);
        Assert.True(serials.Count >= 4, $"Only {serials.Count} SVIDs were seen.");
    }

    [Fact, Trait("Trial", "A-02")]
    public async Task A_request_that_was_on_its_way_when_its_connection_was_asked_to_close_is_answered()
    {
        var asking = new TaskCompletionSource();
        var server = await StartAsync(app => app.MapGet("/asking", asking.SetResult));
        await using var peer = await ConnectAsync(server, Peer(TimeSpan.FromMinutes(5)));
        Assert.Equal("200", await peer.GetAsync("/", Timeout));

        Time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(14));
        var stream = await peer.SendAsync("/asking", Timeout);
        await asking.Task.WaitAsync(Timeout);
        await peer.WaitForGoAwayAsync(Timeout);
        Assert.Equal("200", await peer.GetAsync("/", Timeout));

        // Kestrel closes such a connection with any frame that it reads while no answer is left to end.
        await peer.PingAsync(Timeout);
        Assert.Equal("200", await peer.GetAsync("/", Timeout));

        Time.Advance(Linger);
        Assert.Equal("200", await peer.StatusOfAsync(stream, Timeout));
        await peer.WaitForEndAsync(Timeout);
    }

    [Fact, Trait("Trial", "A-02"), Trait("Trial", "M-03"), Trait("Spec", "XV-z"), Trait("Spec", "XV-aa")]
    public async Task A_client_that_ignores_GOAWAY_is_served_until_the_expiry_and_then_refused()
    {
        var (started, finish, called) = (new TaskCompletionSource(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), 0);
        var server = await StartAsync(app =>
        {
            app.MapGet("/count", () => Interlocked.Increment(ref called));
            app.MapGet("/slow", async () =>
            {
                started.SetResult();
                await finish.Task;
            });
        });
        var svid = Peer(TimeSpan.FromMinutes(5));
        await using var peer = await ConnectAsync(server, svid);
        var slow = await peer.SendAsync("/slow", Timeout);
        await started.Task.WaitAsync(Timeout);

        Time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(3));
        await peer.WaitForGoAwayAsync(Timeout);
        Assert.Equal("200", await peer.GetAsync("/count", Timeout));

        Time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal("401", await peer.GetAsync("/count", Timeout));
        Assert.Equal("401", await peer.GetAsync("/count", Timeout));
        Assert.Equal(1, called);

        finish.SetResult();
        Assert.Equal("200", await peer.StatusOfAsync(slow, Timeout));
        Assert.Single(Logs.All, record => record.Event.Name == "PeerConnectionEnded");
    }

    [Theory, Trait("Trial", "M-03")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_ignores_GOAWAY_is_refused_during_the_drain(bool untrusted)
    {
        var (started, finish) = (new TaskCompletionSource(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var server = await StartAsync(app => app.MapGet("/slow", async () =>
        {
            started.SetResult();
            await finish.Task;
        }));
        await using var peer = await ConnectAsync(server, Peer(TimeSpan.FromMinutes(5)));
        await peer.SendAsync("/slow", Timeout);
        await started.Task.WaitAsync(Timeout);

        if (untrusted) await RetirePeersAsync(server);
        else Reload(server, ("Spiffe:AllowedPeers:0", "spiffe://example.org/nobody"));
        await peer.WaitForGoAwayAsync(Timeout);
        Assert.Equal("401", await peer.GetAsync("/", Timeout));
        finish.SetResult();
    }

    [Fact]
    public async Task A_peer_that_has_asked_before_has_half_of_the_time_to_be_told_with_an_answer()
    {
        PeerConnection? connection = null;
        var server = await StartAsync(app => app.MapGet("/connection", (HttpContext http) =>
        {
            connection = (PeerConnection)http.Features.GetRequiredFeature<ISpiffePeerFeature>();
        }));
        await using var peer = await ConnectAsync(server, Peer(TimeSpan.FromMinutes(5)));
        await peer.GetAsync("/connection", Timeout);

        // To the moment: it closes 30 to 15 s before the end, as chance will have it, and certificates have no fractions of a second.
        Time.Advance(connection!.Peer!.ValidUntil - TimeSpan.FromSeconds(15) - Time.GetUtcNow());
        Assert.Equal((true, false), (connection.IsClosing, connection.IsAsked));
        Time.Advance(TimeSpan.FromSeconds(13));
        Assert.True(connection.IsAsked);
    }

    [Fact, Trait("Trial", "A-02")]
    public async Task Over_HTTP_1_an_answer_tells_a_busy_caller_to_close_and_an_idle_one_is_closed_before_the_expiry()
    {
        PeerConnection? connection = null;
        var server = await StartAsync(app => app.MapGet("/connection", (HttpContext http) =>
        {
            connection = (PeerConnection)http.Features.GetRequiredFeature<ISpiffePeerFeature>();
        }));
        using var busy = Client(NamedAddressOf(server), new SocketsHttpHandler { SslOptions = Peer(TimeSpan.FromMinutes(5)).ToClientOptions() });
        using var idle = Client(NamedAddressOf(server), new SocketsHttpHandler { SslOptions = Peer(TimeSpan.FromMinutes(5)).ToClientOptions() });
        using var first = await busy.GetAsync("/connection", Timeout);
        await GetAsync(idle);

        // The whole time before the expiry is 30 s, half of it by chance, and the last quarter of the rest an idle peer's.
        Time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(14));
        Assert.Equal((true, false), (connection!.IsClosing, connection.IsAsked));
        using var answer = await busy.GetAsync("/", Timeout);
        Assert.Equal((HttpStatusCode.OK, true), (answer.StatusCode, answer.Headers.ConnectionClose));

        Time.Advance(TimeSpan.FromSeconds(12));
        var registry = server.Services.GetRequiredService<PeerConnectionRegistry>();
        while (registry.Count > 0) Timeout.ThrowIfCancellationRequested();
    }

    [Fact]
    public async Task A_peer_whose_SVID_lives_longer_than_any_timer_is_served_and_asked_at_the_end_of_its_life()
    {
        var server = await StartAsync();
        TestPki lasting = new("example.org", root: r => r with { NotAfter = Time.GetUtcNow().AddDays(100) });
        await ReissueAsync(OfServer, server.Services.GetRequiredService<X509Source>(), Identity with { Authorities = [Pki.Root.Certificate, lasting.Root.Certificate] });
        await using var peer = await ConnectAsync(
            server, new(lasting.Leaf(l => l with { Uris = ["spiffe://example.org/peer"], NotAfter = Time.GetUtcNow().AddDays(60) })));
        Assert.Equal("200", await peer.GetAsync("/", Timeout));
        AllowWarning("SvidNotRenewed");
        AllowWarning("SvidExpired");
        Time.Advance(TimeSpan.FromDays(60) - TimeSpan.FromSeconds(1));
        await peer.WaitForGoAwayAsync(Timeout);
    }

    [Fact, Trait("Trial", "A-02")]
    public async Task Switched_off_nobody_is_asked_before_the_expiry()
    {
        var server = await StartAsync(("Spiffe:CloseBeforeExpiry", "0:00:00"));
        await AssertNotAskedAsync(server, TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
    }

    [Fact, Trait("Trial", "A-02")]
    public async Task Where_expired_peers_stay_nobody_is_asked()
    {
        var server = await StartAsync(("Spiffe:CloseWhenExpired", "false"));
        await AssertNotAskedAsync(server, TimeSpan.FromMinutes(10));
    }

    [Theory, Trait("Trial", "A-02"), Trait("Trial", "H-17")]
    [InlineData("-0:00:01")]
    [InlineData("1.00:00:01")]
    public async Task A_time_out_of_its_range_fails_the_start(string value)
    {
        AllowWarning("HostedServiceStartupFaulted");
        AllowWarning("SettingsRefused");
        AllowWarning("");
        var error = await Assert.ThrowsAnyAsync<OptionsValidationException>(() => StartAsync(("Spiffe:CloseBeforeExpiry", value)));
        Assert.Contains("Spiffe:CloseBeforeExpiry", error.Message, StringComparison.Ordinal);
    }

    // The answer with which a connection is asked over HTTP/2 waits for the clock, which goes on when all others have been answered behind the GOAWAY.
    private async Task AnsweredAsync(Caller[] load)
    {
        var all = Task.WhenAll(load.Select(caller => caller.NextAnswersAsync(2, Timeout)));
        using var ticking = CancellationTokenSource.CreateLinkedTokenSource(Timeout);
        while (await Task.WhenAny(all, Time.WaitForTimerAsync(ticking.Token, Linger)) != all)
        {
            // An answer lingers until its peer has heard GOAWAY: by the test's clock, which must not run ahead of what the other callers hear on the same connection.
            var heard = load.Select(caller => caller.NextAnswersAsync(3, Timeout)).ToList();
            while (heard.Count > 1 && !all.IsCompleted) heard.Remove(await Task.WhenAny(heard));
            Time.Advance(Linger);
        }

        await ticking.CancelAsync();
        await all;
    }

    // The clock of the test goes faster than a busy machine: whoever was asked to close has to have done so before it goes on.
    private async Task ClosedAsync(WebApplication server, string version)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Services.GetRequiredService<ServerNotifications>().Post(told.SetResult);
        await told.Task.WaitAsync(Timeout);
        var asked = Logs.All.Count(record => record.Event.Name == "PeerConnectionEnded");
        if (asked == 0) return;

        // What lingers, lingers by the same clock; it is far from the end of its SVID.
        await WaitForAsync(version == "2.0" ? "Http2ConnectionClosing" : "ConnectionStop", Timeout, times: asked);
    }

    private async Task AssertNotAskedAsync(WebApplication server, TimeSpan time)
    {
        await using var peer = await ConnectAsync(server, Peer(TimeSpan.FromMinutes(5)));
        Assert.Equal("200", await peer.GetAsync("/", Timeout));
        Time.Advance(time);
        Check(server);
        Assert.Equal("200", await peer.GetAsync("/", Timeout));
        Assert.DoesNotContain(Logs.All, record => record.Event.Name == "PeerConnectionEnded");
    }

    /// <summary>Sends one request after the other.</summary>
    private sealed class Caller(HttpClient client, string version, string method)
    {
        private volatile TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile int _answers;
        private readonly List<string> _failures = [];

        public IReadOnlyList<string> Failures => _failures;

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            // The first failures say enough.
            while (!cancellationToken.IsCancellationRequested && _failures.Count < 10)
            {
                try
                {
                    using var request = new HttpRequestMessage(HttpMethod.Parse(method), "/load")
                    {
                        Version = Version.Parse(version),
                        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                        Content = method == "POST" ? new StringContent("hello") : null,
                    };
                    using var response = await client.SendAsync(request, cancellationToken);
                    if (response.StatusCode != HttpStatusCode.OK) _failures.Add($"{response.StatusCode}");
                }
                catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
                {
                    if (!cancellationToken.IsCancellationRequested) _failures.Add(e.ToString());
                }

                _answers++;
                Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            }
        }

        public async Task NextAnswersAsync(int number, CancellationToken cancellationToken)
        {
            var enough = _answers + number;
            while (true)
            {
                var next = _next.Task;
                if (_answers >= enough) return;
                await next.WaitAsync(cancellationToken);
            }
        }
    }
}
