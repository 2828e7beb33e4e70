
namespace AspNetSpiffe.Tests.Forwarding;

/// <summary>Headers that are not exactly as their format says make nobody a caller, and the log says what is wrong with them.</summary>
public sealed class ForwardedHeaderTests(ITestOutputHelper output) : ForwardedTest(output)
{
    public static TheoryData<ForwardedCertificateFormat, string, string> Malformed => new()
    {
        { ForwardedCertificateFormat.ClientCert, "{der}", "byte sequence" },
        { ForwardedCertificateFormat.ClientCert, ":{der}", "byte sequence" },
        { ForwardedCertificateFormat.ClientCert, "::", "byte sequence" },
        { ForwardedCertificateFormat.ClientCert, ":{der}:;a=1", "byte sequence" },
        { ForwardedCertificateFormat.ClientCert, ":{der}:, :{der}:", "byte sequence" },
        { ForwardedCertificateFormat.ClientCert, ":AAAA:", "cannot be read" },
        { ForwardedCertificateFormat.ClientCert, ":{longer der}:", "cannot be read" },
        { ForwardedCertificateFormat.XForwardedClientCert, "Cert", "malformed" },
        { ForwardedCertificateFormat.XForwardedClientCert, "Cert=\"{pem}", "malformed" },
        { ForwardedCertificateFormat.XForwardedClientCert, "Cert=\"{pem}\"x", "malformed" },
        { ForwardedCertificateFormat.XForwardedClientCert, "Cert=\"{pem}\";", "malformed" },
        { ForwardedCertificateFormat.XForwardedClientCert, "=\"{pem}\"", "malformed" },
        { ForwardedCertificateFormat.XForwardedClientCert, "Cert=\"{pem}\";cert=\"{other pem}\"", "malformed" },
        { ForwardedCertificateFormat.XForwardedClientCert, "Chain={pem};Chain={other pem}", "malformed" },
        { ForwardedCertificateFormat.XForwardedClientCert, "Cert=\"{pem}\",Cert=\"{other pem}\"", "more than one client" },
        { ForwardedCertificateFormat.XForwardedClientCert, "URI=spiffe://example.org/client", "neither Cert nor Chain" },
        { ForwardedCertificateFormat.XForwardedClientCert, "Cert=\"{pem}\";Chain=\"{other pem}\"", "not the first of its Chain" },
        { ForwardedCertificateFormat.XForwardedClientCert, "Cert=\"\"", "certificates in PEM" },
        { ForwardedCertificateFormat.EscapedPem, "{der}", "certificates in PEM" },
        { ForwardedCertificateFormat.EscapedPem, "x{pem}", "certificates in PEM" },
        { ForwardedCertificateFormat.EscapedPem, "x%0A{pem}", "certificates in PEM" },
        { ForwardedCertificateFormat.EscapedPem, "{pem}x", "certificates in PEM" },
        { ForwardedCertificateFormat.EscapedPem, "{pem},{other pem}", "certificates in PEM" },
        { ForwardedCertificateFormat.EscapedPem, "-----BEGIN%20PUBLIC%20KEY-----%0AAAAA%0A-----END%20PUBLIC%20KEY-----", "certificates in PEM" },
    };

    [Theory, MemberData(nameof(Malformed))]
    public async Task A_malformed_header_is_nobody(ForwardedCertificateFormat format, string lines, string problem)
    {
        var server = await StartForwardedAsync(options =>
        {
            options.Format = format;
            options.TrustedProxies.Add("loopback");
        });
        var client = (await SourceAsync("client")).Current!.DefaultSvid.Leaf;
        var other = (await SourceAsync("admin")).Current!.DefaultSvid.Leaf;
        var name = ForwardedHeader.Of(format, client).First().Name;
        var text = lines
            .Replace("{der}", Convert.ToBase64String(client.RawData), StringComparison.Ordinal)
            .Replace("{longer der}", Convert.ToBase64String([.. client.RawData, 0]), StringComparison.Ordinal)
            .Replace("{other der}", Convert.ToBase64String(other.RawData), StringComparison.Ordinal)
            .Replace("{pem}", ForwardedHeader.Escaped([client]), StringComparison.Ordinal)
            .Replace("{other pem}", ForwardedHeader.Escaped([other]), StringComparison.Ordinal);

        Assert.Equal("401 SpiffeForwarded", await AskAsync(server, "/caller", (name, text)));
        var refusal = await RefusalAsync();
        Assert.Contains("Rejected a forwarded certificate: Unreadable.", refusal);
        Assert.Contains(problem, refusal);
        Assert.Contains("docs/rejections.md#forwarded", refusal);
    }
}
