using System.Security.Cryptography.X509Certificates;
using System.Text;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Tls;

/// <summary>What a stranger writes into its certificate neither forges a line of the log nor fills it.</summary>
public sealed class RefusalTextTests(ITestOutputHelper output) : RefusalTest(output)
{
    private const string Forged = "Rejected a client in the TLS handshake: NotAllowed. It presented spiffe://td/admin";

    private static readonly TestPki Elsewhere = new("elsewhere");

    [Theory, Trait("Spec", "XV-r")]
    [InlineData("\r\n", @"\u000d\u000a")]
    [InlineData("\n", @"\u000a")]
    [InlineData("\u001b[2J", @"\u001b[2J")]
    [InlineData("\u0085", @"\u0085")]
    [InlineData("\u2028", @"\u2028")]
    [InlineData("\u202e", @"\u202e")]
    [InlineData("\U0001f600", @"\ud83d\ude00")]
    public void An_issuer_stays_on_its_line(string text, string escaped)
    {
        Verify(Elsewhere.Leaf(l => l with { IssuerName = $"CN=\"a{text}{Forged}\"" }));
        Assert.Contains($"a{escaped}{Forged}", IssuerOfTheOneLine(), StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "XV-r")]
    public void An_issuer_that_is_very_long_is_cut()
    {
        Verify(Elsewhere.Leaf(l => l with { IssuerName = $"CN={new string('x', 30_000)}" }));
        Assert.Equal($"'CN={new string('x', 197)}…'", IssuerOfTheOneLine());
    }

    [Fact, Trait("Spec", "XV-s")]
    public void A_leaf_that_is_too_large_has_an_issuer_all_the_same()
    {
        Verify(Elsewhere.Leaf(l => l with { IssuerName = $"CN=\"x{new string('\n', 70_000)}x\"" }));
        Assert.Equal(196, IssuerOfTheOneLine().Split(@"\u000a").Length);
        Assert.Equal(RejectionReason.TooLarge, Refusals[0].Values["Reason"]);
    }

    [Fact, Trait("Spec", "XV-r")]
    public void An_issuer_that_is_no_text_throws_nothing()
    {
        const string Marker = "no-text-at-all";
        var der = Elsewhere.Leaf(l => l with { IssuerName = $"CN={Marker}" }).Leaf.RawData;
        der.AsSpan(der.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Marker)), Marker.Length).Fill(0xFF);

        Verify(X509CertificateLoader.LoadCertificate(der), [], Remote);
        Assert.NotEmpty(IssuerOfTheOneLine());
    }

    [Theory, Trait("Spec", "XV-r")]
    [InlineData("spiffe://td/a\r\n" + Forged)]
    [InlineData("spiffe://td/a\u001b[2J")]
    [InlineData("spiffe://td/a b")]
    [InlineData("https://td/" + Forged)]
    public void A_name_that_is_no_SPIFFE_ID_is_not_repeated(string uri)
    {
        Verify(Elsewhere.Leaf(l => l with { Uris = [uri] }));
        IssuerOfTheOneLine();
        Assert.Equal(RefusedPeer.NoId, Refusals[0].Values["SpiffeId"]);
    }

    [Fact, Trait("Spec", "XV-s")]
    public void A_name_that_is_longer_than_a_SPIFFE_ID_is_not_repeated()
    {
        Verify(Elsewhere.Leaf(l => l with { Uris = ["spiffe://td/" + new string('a', 40_000)] }));
        Assert.Equal(RefusedPeer.NoId, Refusals[0].Values["SpiffeId"]);
        Assert.True(Refusals[0].Message.Length < 700);
    }

    [Fact, Trait("Spec", "ID-15")]
    public void The_longest_SPIFFE_ID_is_logged_whole()
    {
        var id = "spiffe://elsewhere/" + new string('a', SpiffeId.MaxLength - "spiffe://elsewhere/".Length);
        Verify(Elsewhere.Leaf(l => l with { Uris = [id] }));
        Assert.Equal(id, Refusals[0].Values["SpiffeId"]);
    }

    private string IssuerOfTheOneLine()
    {
        var refusal = Assert.Single(Refusals);
        var issuer = Assert.IsType<string>(refusal.Values["Issuer"]);
        Assert.Contains(issuer, refusal.Message, StringComparison.Ordinal);

        // The mark of what was cut is our own.
        Assert.DoesNotContain(refusal.Message, c => c is not (>= ' ' and <= '~' or '…'));
        return issuer;
    }

    [Fact, Trait("Trial", "O-04")]
    public void A_line_has_no_empty_parts_whatever_is_missing()
    {
        Verify(null, [], null);
        Verify(Pki.Leaf(l => l with { Uris = [] }), new System.Net.DnsEndPoint("localhost", 8443));
        Verify(Federated.Leaf("/a"), Remote);
        Verify(Federated.Leaf("/a"), Remote);
        Assert.Equal(
            [
                "Rejected a client in the TLS handshake: NoCertificate. It presented no certificate. The client needs an SVID. A client that cannot have one, such as a browser or a health probe, needs a separate plain-http endpoint. " +
                "See docs/rejections.md#nocertificate.",
                "Rejected a client in the TLS handshake: NotOneUriSan. It presented a certificate without a SPIFFE ID, issued by 'CN=SPIFFE test intermediate, O=td', from localhost:8443. " +
                "Its certificate violates the X509-SVID standard: its issuer must correct it. See docs/rejections.md#notoneurisan.",
                "Rejected a client in the TLS handshake: NotAllowed. It presented spiffe://partner/a, issued by 'CN=SPIFFE test root, O=partner', from 192.0.2.7:40123. " +
                "Allowed: spiffe://td/**. To allow it, add its ID, or a pattern that matches it, to 'Spiffe:AllowedPeers'. See docs/rejections.md#notallowed.",
            ],
            Refusals.Where(r => r.Level == Microsoft.Extensions.Logging.LogLevel.Information).Select(r => r.Message));
    }
}
