using System.Net;
using System.Net.Sockets;

namespace AspNetSpiffe.Workload.Tests.Verification;

public sealed class DownloadTests : VerifierTest
{
    [Theory, Trait("Spec", "XV-o")]
    [InlineData(true)]
    [InlineData(false)]
    public void A_stranger_does_not_make_us_fetch_the_URL_in_its_certificate(bool known)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/issuer.crt";

        // Without its intermediate, the chain has a gap that the URL promises to fill.
        var bundles = known ? Bundles : new X509BundleSet([new X509Bundle(Pki.TrustDomain, [Pki.CreateRoot().Certificate])]);
        var result = X509SvidVerifier.Verify(Pki.Leaf(l => l with { AiaUrl = url }).Leaf, None, bundles, PeerRole.Client, Now);

        AssertRefused(RejectionReason.NotTrusted, result);
        Assert.False(listener.Pending());
    }

    [Fact, Trait("Spec", "XV-o")]
    public void Our_own_SVID_does_not_make_us_fetch_the_URL_in_its_intermediate()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/root.crt";

        // No store of this machine has its root.
        var svid = Pki.Root.Intermediate(i => i with { AiaUrl = url }).Leaf();
        Assert.NotNull(new X509ContextReader(TimeProvider.System, new()).Read(Pki.Response(svid)).DefaultSvid.CertificateContext);
        Assert.False(listener.Pending());
    }
}
