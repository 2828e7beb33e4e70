using DnsClient;

namespace AspNetSpiffe.MeshTests;

/// <summary>How large answers may be: EDNS, truncation, and the same over TCP.</summary>
public sealed class DnsSizeTests(ITestOutputHelper output) : RegistryTest(output)
{
    // 16 addresses of IPv6 have more than 512 bytes, and 16 service records more than 1232.
    private const string LongName = "service-with-the-longest-label-that-the-standard-allows-0123456.example.org";

    private static readonly IEnumerable<string> Addresses = Enumerable.Range(1, 16).Select(static i => $"[fd00::{i:x}]:9005");
    private static readonly IEnumerable<string> Ports = Enumerable.Range(1, 16).Select(static i => $"[fd00::{i:x}]:{9000 + i}");

    [Fact]
    public async Task Too_much_for_512_bytes_is_truncated_and_complete_over_TCP()
    {
        Add(LongName, Addresses);

        var truncated = await DigAsync("+noedns", "+ignore", LongName, "AAAA");
        Assert.Equal(["qr", "aa", "tc", "rd"], truncated.Flags);
        Assert.Empty(truncated.Answer);
        Assert.InRange(truncated.Size, 12, 512);

        // dig itself asks again over TCP.
        var complete = await DigAsync("+noedns", LongName, "AAAA");
        Assert.Equal(["qr", "aa", "rd"], complete.Flags);
        Assert.Equal(16, complete.Answer.Length);
        Assert.InRange(complete.Size, 513, 1232);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(100, true)]
    [InlineData(512, true)]
    [InlineData(1232, false)]
    [InlineData(32767, false)]
    public async Task What_the_client_can_take_is_honoured_and_at_least_512(int size, bool truncated)
    {
        Add(LongName, Addresses);
        var reply = await DigAsync($"+bufsize={size}", "+ignore", LongName, "AAAA");
        Assert.Equal(truncated, reply.Flags.Contains("tc"));
        Assert.Equal(truncated ? 0 : 16, reply.Answer.Length);
    }

    [Fact]
    public async Task Whoever_says_that_less_than_512_bytes_can_be_taken_gets_512()
    {
        Add(NameOfA, Addresses.Take(5));
        var reply = await DigAsync("+bufsize=100", "+ignore", NameOfA, "AAAA");
        Assert.Equal(5, reply.Answer.Length);
        Assert.InRange(reply.Size, 101, 512);
    }

    [Fact]
    public async Task More_than_1232_bytes_go_over_TCP_only_whatever_the_client_can_take()
    {
        Add(LongName, Ports);
        var truncated = await DigAsync("+bufsize=32767", "+ignore", "_https._tcp." + LongName, "SRV");
        Assert.Contains("tc", truncated.Flags);
        Assert.InRange(truncated.Size, 12, 1232);

        var complete = await DigAsync("+tcp", "_https._tcp." + LongName, "SRV");
        Assert.Equal((16, 16), (complete.Answer.Length, complete.Additional.Length));
        Assert.True(complete.Size > 1232);
    }

    [Fact]
    public async Task Additional_records_that_do_not_fit_are_left_out_without_notice()
    {
        Add(NameOfA, Ports);
        var reply = await DigAsync("+bufsize=1232", "+ignore", "_https._tcp.service-a.example.org", "SRV");
        Assert.Equal((16, 0), (reply.Answer.Length, reply.Additional.Length));
        Assert.DoesNotContain("tc", reply.Flags);
    }

    [Fact]
    public async Task EDNS_is_answered_with_EDNS_and_only_then()
    {
        Add(NameOfA, "127.0.0.2:9005");
        Assert.Contains("; EDNS: version: 0, flags:; udp: 1232", (await DigAsync(NameOfA, "A")).Text, StringComparison.Ordinal);
        Assert.Contains("; EDNS: version: 0, flags: do; udp: 1232", (await DigAsync("+dnssec", NameOfA, "A")).Text, StringComparison.Ordinal);
        Assert.Contains("; EDNS: version: 0", (await DigAsync("service-b.example.org", "A")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("EDNS", (await DigAsync("+noedns", NameOfA, "A")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_later_version_of_EDNS_is_refused_as_such()
    {
        Add(NameOfA, "127.0.0.2:9005");
        var reply = await DigAsync("+edns=1", "+noednsnegotiation", NameOfA, "A");
        Assert.Equal("BADVERS", reply.Status);
        Assert.Contains("; EDNS: version: 0", reply.Text, StringComparison.Ordinal);
        Assert.Empty(reply.Answer);
    }

    [Fact]
    public async Task Unknown_options_of_EDNS_and_cookies_are_passed_over()
    {
        Add(NameOfA, "127.0.0.2:9005");
        Assert.Equal(["127.0.0.2"], (await DigAsync("+ednsopt=65001:abcd", "+cookie=0123456789abcdef", "+nsid", "+subnet=192.0.2.0/24", "+padding=128", NameOfA, "A")).Values);
    }

    [Fact]
    public async Task DnsClient_gets_over_TCP_what_was_truncated()
    {
        Add(LongName, Addresses);
        var client = new LookupClient(new LookupClientOptions(new NameServer(Dns)) { UseCache = false, ExtendedDnsBufferSize = 512 });
        Assert.Equal(16, (await client.QueryAsync(LongName, QueryType.AAAA, cancellationToken: Patience)).Answers.AaaaRecords().Count());
    }

    [Fact]
    public async Task Several_queries_share_a_connection()
    {
        Add(NameOfA, "127.0.0.2:9005", "[::1]:9005");
        var replies = await DigReply.AskAllAsync(Dns, ["+tcp", "+keepopen", NameOfA, "A", NameOfA, "AAAA", "service-b.example.org", "A"], Patience);
        Assert.Equal([(1, "NOERROR"), (1, "NOERROR"), (0, "NXDOMAIN")], replies.Select(static reply => (reply.Answer.Length, reply.Status)));
    }
}
