using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Tls;

/// <summary>What is kept for clients that resume a session, and for how long.</summary>
public sealed class ResumableClientsTests
{
    private static readonly IPEndPoint Remote = new(IPAddress.Parse("192.0.2.1"), 1000);

    private readonly TestPki _pki = new("td", intermediates: 1);
    private readonly ManualTime _time = new();
    private readonly ResumableClients _clients;

    public ResumableClientsTests() => _clients = new(_time, capacity: 4);

    [Fact]
    public void What_a_client_sent_is_found_by_its_leaf_and_outlives_the_connection()
    {
        var svid = _pki.Leaf("/client");
        X509Certificate2Collection sent = [X509CertificateLoader.LoadCertificate(svid.Intermediates[0].RawData)];
        _clients.Accepted(svid.Leaf, sent);
        sent[0].Dispose();
        Assert.Equal(svid.Intermediates[0].RawData, Assert.Single(Find(svid.Leaf)!).RawData);
        Assert.Null(Find(_pki.Leaf("/client").Leaf));
    }

    [Fact]
    public void A_client_that_sends_something_is_judged_by_that()
    {
        var svid = _pki.Leaf("/client");
        _clients.Accepted(svid.Leaf, [.. svid.Intermediates]);
        Assert.NotNull(Find(svid.Leaf));
        Assert.Null(Find(svid.Leaf, _pki.Root.Certificate));
        Assert.Null(_clients.FindSent(svid.Leaf, null));
        Assert.Null(_clients.FindSent(null, new X509Chain()));
    }

    [Fact]
    public void Clients_of_one_issuer_share_its_certificates()
    {
        var (one, other) = (_pki.Leaf("/one"), _pki.Leaf("/other"));
        _clients.Accepted(one.Leaf, [.. one.Intermediates]);
        _clients.Accepted(other.Leaf, [.. other.Intermediates]);
        Assert.Same(Find(one.Leaf), Find(other.Leaf));
    }

    [Fact]
    public void Who_did_not_come_lately_is_forgotten()
    {
        TestSvid[] svids = [.. Enumerable.Range(0, 5).Select(i => _pki.Leaf($"/{i}"))];
        foreach (var svid in svids) _clients.Accepted(svid.Leaf, [.. svid.Intermediates]);
        Assert.Null(Find(svids[0].Leaf));
        Assert.NotNull(Find(svids[4].Leaf));
    }

    [Fact]
    public void More_than_a_chain_needs_is_not_kept()
    {
        var svid = _pki.Leaf("/client");
        _clients.Accepted(svid.Leaf, [.. Enumerable.Repeat(svid.Intermediates[0], (16 * 1024 / svid.Intermediates[0].RawData.Length) + 1)]);
        Assert.Null(Find(svid.Leaf));
    }

    [Fact]
    public void An_address_that_was_refused_makes_full_handshakes_until_its_tickets_are_dead()
    {
        Assert.True(_clients.MayResume(Remote));
        _clients.Refused(Remote);
        Assert.False(_clients.MayResume(new IPEndPoint(Remote.Address, 2000)));
        Assert.True(_clients.MayResume(new IPEndPoint(IPAddress.Parse("192.0.2.2"), 1000)));

        _time.Advance(RefusedAddresses.Period);
        Assert.False(_clients.MayResume(Remote));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_clients.MayResume(Remote));
    }

    [Theory]
    [InlineData(0.4)]
    [InlineData(0.9999)]
    public void An_address_is_kept_for_a_period_whenever_it_was_refused(double begun)
    {
        _clients.Refused(Remote);
        _time.Advance(RefusedAddresses.Period * begun);
        var late = new IPEndPoint(IPAddress.Parse("192.0.2.2"), 1000);
        _clients.Refused(late);
        for (var i = 0; i < 4; i++)
        {
            Assert.False(_clients.MayResume(late));
            _time.Advance(RefusedAddresses.Period / 4);
        }

        Assert.False(_clients.MayResume(late));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_clients.MayResume(late));
    }

    [Fact]
    public void A_refusal_counts_from_the_last_one()
    {
        _clients.Refused(Remote);
        _time.Advance(RefusedAddresses.Period - TimeSpan.FromSeconds(1));
        _clients.Refused(Remote);
        _time.Advance(RefusedAddresses.Period - TimeSpan.FromSeconds(1));
        Assert.False(_clients.MayResume(Remote));
    }

    [Fact]
    public void A_clock_that_is_set_back_keeps_no_address_for_longer()
    {
        _clients.Refused(Remote);
        _time.Jump(-TimeSpan.FromDays(1));
        _time.Advance(RefusedAddresses.Period);
        Assert.False(_clients.MayResume(Remote));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_clients.MayResume(Remote));
    }

    [Fact]
    public void Refused_addresses_are_bounded()
    {
        var refused = new RefusedAddresses(_time, capacity: 4);
        IPAddress[] addresses = [.. Enumerable.Range(1, 6).Select(i => new IPAddress(i))];
        foreach (var address in addresses) refused.Add(address);
        Assert.True(refused.Contains(addresses[5]));
        Assert.InRange(addresses.Count(refused.Contains), 1, 4);
    }

    [Fact]
    public void Where_there_is_no_address_nobody_resumes()
    {
        Assert.False(_clients.MayResume(null));
        Assert.False(_clients.MayResume(new UnixDomainSocketEndPoint("/tmp/socket")));
        Assert.False(_clients.MayResume(new DnsEndPoint("example.org", 443)));
    }

    private X509Certificate2Collection? Find(X509Certificate2 leaf, params X509Certificate2[] sent)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.ExtraStore.AddRange(sent);
        return _clients.FindSent(leaf, chain);
    }
}
