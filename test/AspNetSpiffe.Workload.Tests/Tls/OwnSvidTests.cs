using System.Net.Security;
using System.Security.Authentication;
using AspNetSpiffe.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace AspNetSpiffe.Workload.Tests.Tls;

public sealed class OwnSvidTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly TestPki _pki = new("td");
    private readonly X509Source _source;

    public OwnSvidTests() => _source = new(new() { EndpointSocket = "unix:///no-agent.sock" }, NullLoggerFactory.Instance, null, _time);

    public void Dispose() => _source.Dispose();

    [Fact, Trait("Trial", "H-24"), Trait("Spec", "XV-u")]
    public void Our_own_SVID_serves_through_its_last_second_and_not_longer()
    {
        var svid = _pki.Leaf();
        _source.Publish(new X509ContextReader(_time, new()).Read(_pki.Response(svid)));
        var tls = new SpiffeTls(_source, (SpiffeIdPattern?)null);

        _time.Advance(svid.Leaf.NotAfter.ToUniversalTime() - _time.GetUtcNow() + TimeSpan.FromMilliseconds(999));
        tls.Configure(new SslServerAuthenticationOptions());
        tls.Configure(new SslClientAuthenticationOptions());

        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Throws<AuthenticationException>(() => tls.Configure(new SslServerAuthenticationOptions()));
        Assert.Throws<AuthenticationException>(() => tls.Configure(new SslClientAuthenticationOptions()));
    }
}
