using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace AspNetSpiffe.Workload.Tests.Tls;

/// <summary>What a mode makes of the options of one handshake.</summary>
public sealed class ServerModeTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly TestPki _pki = new("td");
    private readonly TestSvid _svid;
    private readonly X509Certificate2 _web = new TestPki("web.test").Leaf(leaf => leaf with { Uris = [], DnsNames = ["localhost"] }).Leaf;
    private readonly X509Source _source;
    private readonly SpiffeTls _tls;

    public ServerModeTests()
    {
        _svid = _pki.Leaf("/server");
        _source = new(new() { EndpointSocket = "unix:///no-agent.sock" }, NullLoggerFactory.Instance, null, _time);
        _tls = new(_source, SpiffeIdPattern.Any);
    }

    public static TheoryData<SpiffeServerMode> Modes => [.. Enum.GetValues<SpiffeServerMode>()];

    public void Dispose() => _source.Dispose();

    [Theory, MemberData(nameof(Modes))]
    public void Without_an_identity_no_mode_has_a_handshake(SpiffeServerMode mode) => Assert.Throws<AuthenticationException>(() => Configure(mode));

    [Theory, MemberData(nameof(Modes))]
    public void All_modes_but_that_of_a_web_certificate_show_our_SVID_and_only_one_asks_for_nothing(SpiffeServerMode mode)
    {
        Publish();
        var options = Configure(mode);
        var isWeb = mode == SpiffeServerMode.WebCertificate;
        Assert.Equal(isWeb ? _web : null, options.ServerCertificate);
        Assert.Equal(isWeb ? null : _source.Current!.DefaultSvid.CertificateContext, options.ServerCertificateContext);
        Assert.Equal(isWeb, options.ServerCertificateSelectionCallback is not null);
        Assert.Equal(mode != SpiffeServerMode.NoClientCertificate, options.ClientCertificateRequired);
    }

    [Theory, MemberData(nameof(Modes))]
    public void No_mode_resumes_renegotiates_or_downloads(SpiffeServerMode mode)
    {
        Publish();
        var options = Configure(mode);
        Assert.False(options.AllowTlsResume);
        Assert.False(options.AllowRenegotiation);
        Assert.True(options.CertificateChainPolicy!.DisableCertificateDownloads);
        Assert.Equal(X509ChainTrustMode.CustomRootTrust, options.CertificateChainPolicy.TrustMode);
        Assert.Equal(X509RevocationMode.NoCheck, options.CertificateRevocationCheckMode);
    }

    [Theory]
    [InlineData(SslProtocols.None, SslProtocols.Tls13, true)]
    [InlineData(SslProtocols.Tls13, SslProtocols.Tls13, true)]
    [InlineData(SslProtocols.Tls12, SslProtocols.Tls12, false)]
    [InlineData(SslProtocols.Tls12 | SslProtocols.Tls13, SslProtocols.Tls12 | SslProtocols.Tls13, false)]
    public void A_resumable_handshake_is_mutual_and_of_TLS_1_3(SslProtocols named, SslProtocols spoken, bool mayResume)
    {
        Publish();
        var options = new SslServerAuthenticationOptions { EnabledSslProtocols = named, AllowTlsResume = true, AllowRenegotiation = true };
        _tls.ConfigureResumable(options, new IPEndPoint(IPAddress.Loopback, 1), _ => { });
        Assert.Equal((mayResume, spoken), (options.AllowTlsResume, options.EnabledSslProtocols));
        Assert.Equal((true, false), (options.ClientCertificateRequired, options.AllowRenegotiation));
        Assert.True(options.CertificateChainPolicy!.DisableCertificateDownloads);
        Assert.Same(_source.Current!.DefaultSvid.CertificateContext, options.ServerCertificateContext);
    }

    [Fact]
    public void After_a_refusal_the_handshakes_of_an_address_are_full()
    {
        Publish();
        var remote = new IPEndPoint(IPAddress.Loopback, 1);
        var (results, options) = (new List<VerificationResult>(), new SslServerAuthenticationOptions());
        _tls.ConfigureResumable(options, remote, results.Add);
        Assert.False(options.RemoteCertificateValidationCallback!(this, null, null, SslPolicyErrors.None));
        Assert.Equal(RejectionReason.NoCertificate, Assert.Single(results).Reason);

        var (next, other) = (new SslServerAuthenticationOptions(), new SslServerAuthenticationOptions());
        _tls.ConfigureResumable(next, remote, results.Add);
        _tls.ConfigureResumable(other, new IPEndPoint(IPAddress.IPv6Loopback, 1), results.Add);
        Assert.Equal((false, true), (next.AllowTlsResume, other.AllowTlsResume));
    }

    [Fact]
    public void What_a_rejected_client_has_sent_is_not_kept_for_it()
    {
        var pki = new TestPki("td", intermediates: 1);
        var client = pki.Leaf("/client");
        Publish(pki.Bundle);
        var allowed = SpiffeIdPattern.None;
        var (results, options) = (new List<VerificationResult>(), new SslServerAuthenticationOptions());
        new SpiffeTls(_source, () => allowed).ConfigureResumable(options, new IPEndPoint(IPAddress.Loopback, 1), results.Add);

        Present(client.Intermediates);
        allowed = SpiffeIdPattern.Any;
        Present([]);
        Present(client.Intermediates);
        Present([]);
        Assert.Equal([RejectionReason.NotAllowed, RejectionReason.NotTrusted, RejectionReason.None, RejectionReason.None], results.Select(result => result.Reason));

        // The verification disposes what the client has sent.
        void Present(ImmutableArray<X509Certificate2> sent)
        {
            using var chain = new X509Chain();
            chain.ChainPolicy.ExtraStore.AddRange(sent.Select(certificate => X509CertificateLoader.LoadCertificate(certificate.RawData)).ToArray());
            options.RemoteCertificateValidationCallback!(this, client.Leaf, chain, SslPolicyErrors.None);
        }
    }

    [Fact]
    public void A_resumable_handshake_has_somebody_who_is_told() =>
        Assert.Throws<ArgumentNullException>("verified", () => _tls.ConfigureResumable(new(), new IPEndPoint(IPAddress.Loopback, 1), null!));

    [Theory, MemberData(nameof(Modes))]
    public void A_certificate_that_is_there_is_believed_in_no_mode_because_of_what_SslStream_thinks_of_it(SpiffeServerMode mode)
    {
        Publish();
        var validate = Configure(mode).RemoteCertificateValidationCallback!;
        Assert.False(validate(this, _web, null, SslPolicyErrors.None));
        Assert.Equal(mode is SpiffeServerMode.NoClientCertificate or SpiffeServerMode.OptionalClientCertificate, validate(this, null, null, SslPolicyErrors.RemoteCertificateNotAvailable));
    }

    [Theory, MemberData(nameof(Modes))]
    public void A_web_certificate_does_not_end_with_our_SVID(SpiffeServerMode mode)
    {
        Publish();
        _time.Advance(_svid.Leaf.NotAfter.ToUniversalTime() - _time.GetUtcNow() + TimeSpan.FromSeconds(1));
        if (mode == SpiffeServerMode.WebCertificate) Configure(mode);
        else Assert.Throws<AuthenticationException>(() => Configure(mode));
    }

    private void Publish(X509Bundle? bundle = null)
    {
        var ours = new X509Svid(SpiffeId.Parse(_svid.Id), _svid.Leaf, [], "");
        _source.Publish(new(ImmutableArray.Create(ours), new([bundle ?? _pki.Bundle]), ours));
    }

    private SslServerAuthenticationOptions Configure(SpiffeServerMode mode)
    {
        var options = new SslServerAuthenticationOptions { ServerCertificate = _web, ServerCertificateSelectionCallback = (_, _) => _web, AllowTlsResume = true, AllowRenegotiation = true };
        _tls.Configure(options, mode);
        return options;
    }
}
