using System.Net;
using System.Net.Sockets;
using AspNetSpiffe.TestKit;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Workload.Tests.Tls;

/// <summary>A stranger who comes again and again is counted each time, and told of once a minute.</summary>
public sealed class RefusalLimitTests(ITestOutputHelper output) : RefusalTest(output)
{
    private static readonly TimeSpan AMoment = TimeSpan.FromTicks(1);

    private static readonly TestSvid Stranger = new TestPki("elsewhere").Leaf();

    private IReadOnlyList<LogRecord> Told => [.. Refusals.Where(r => r.Level >= LogLevel.Information)];

    [Fact]
    public void An_address_is_told_of_once_a_minute_and_then_with_the_number_of_those_left_out()
    {
        for (var i = 0; i < 100; i++) Verify(Stranger, At(1, port: 1000 + i));
        Assert.Equal(0L, Assert.Single(Told).Values["Suppressed"]);

        Time.Advance(RefusalLimit.Period - AMoment);
        Verify(Stranger, At(1));
        Assert.Single(Told);

        Time.Advance(AMoment);
        Verify(Stranger, At(1));
        Assert.Equal([0L, 100L], Told.Select(r => r.Values["Suppressed"]));
        Assert.Contains("100 more for this reason were suppressed before this one.", Told[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Those_left_out_are_counted_all_the_same_and_are_there_for_who_reads_the_debug_log()
    {
        for (var i = 0; i < 100; i++) Verify(Stranger, At(1));
        Assert.Equal(100, Counted.Sum(m => m.Value));
        Assert.Equal(99, Refusals.Count(r => r.Level == LogLevel.Debug));
    }

    [Fact]
    public void Another_address_is_told_of_at_once()
    {
        Verify(Stranger, At(1));
        Verify(Stranger, At(1));
        Verify(Stranger, At(2));
        Verify(Stranger, At(3));
        Assert.Equal([0L, 1L, 0L], Told.Select(r => r.Values["Suppressed"]));
        Assert.Equal([At(1).ToString(), At(2).ToString(), At(3).ToString()], Told.Select(r => r.Values["Remote"]));
    }

    [Fact]
    public void Another_reason_is_told_of_at_once_even_when_the_first_floods()
    {
        for (var i = 0; i < 1000; i++) Verify(Stranger, At(i));
        Verify(Federated.Leaf(), At(1));
        Verify(null, [], At(1));

        Assert.Equal([RejectionReason.NotAllowed, RejectionReason.NoCertificate], Told.TakeLast(2).Select(r => r.Values["Reason"]));
        Assert.All(Told.TakeLast(2), r => Assert.Equal(0L, r.Values["Suppressed"]));
    }

    [Fact, Trait("Spec", "XV-s")]
    public void Many_addresses_get_a_few_lines_a_minute()
    {
        for (var i = 0; i < 1000; i++) Verify(Stranger, At(i));
        Assert.Equal(RefusalLimit.MostAddresses, Told.Count);
        Assert.Equal(1000, Counted.Count);

        Time.Advance(RefusalLimit.Period);
        for (var i = 0; i < 1000; i++) Verify(Stranger, At(i));
        Assert.Equal(2 * RefusalLimit.MostAddresses, Told.Count);
        Assert.Equal(1000L - RefusalLimit.MostAddresses, Told[RefusalLimit.MostAddresses].Values["Suppressed"]);
    }

    [Fact, Trait("Spec", "XV-s")]
    public void Many_addresses_take_little_memory()
    {
        var limit = new RefusalLimit(Time);
        var reasons = Enum.GetValues<RejectionReason>();
        for (var minute = 0; minute < 3; minute++)
        {
            for (var i = 0; i < 10_000; i++) limit.MayLog(reasons[i % reasons.Length], At(minute * 10_000 + i), out _);
            Assert.Equal(RefusalLimit.MostAddresses * reasons.Length, limit.Count);
            Time.Advance(RefusalLimit.Period);
        }
    }

    [Fact]
    public void Every_thread_is_counted()
    {
        var limit = new RefusalLimit(Time);
        var told = 0;
        Parallel.For(0, 10_000, i =>
        {
            if (limit.MayLog(RejectionReason.NotTrusted, At(1), out _)) Interlocked.Increment(ref told);
        });
        Assert.Equal(1, told);

        Time.Advance(RefusalLimit.Period);
        Assert.True(limit.MayLog(RejectionReason.NotTrusted, At(1), out var suppressed));
        Assert.Equal(9_999, suppressed);
    }

    [Fact]
    public void Peers_without_an_address_of_IP_are_limited_too()
    {
        var limit = new RefusalLimit(Time);
        foreach (var remote in new EndPoint?[] { null, new DnsEndPoint("orders", 8443), new DnsEndPoint("carts", 8443), new UnixDomainSocketEndPoint("/run/a.sock") })
        {
            Assert.True(limit.MayLog(RejectionReason.NotTrusted, remote, out _));
            Assert.False(limit.MayLog(RejectionReason.NotTrusted, remote, out _));
        }
    }

    private static IPEndPoint At(int host, int port = 40123) => new(new IPAddress([10, (byte)(host >> 16), (byte)(host >> 8), (byte)host]), port);
}
