using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Replaces the handshake for the in-memory test server: verifies the caller's SVID against the bundles and the allowed peers of the service, for each request.</summary>
internal sealed class InMemoryHandshake
{
    private readonly X509Source _caller;
    private readonly X509Source _service;
    private readonly SpiffeTls _tls;
    private readonly TimeProvider _time;

    public InMemoryHandshake(IServiceProvider services, X509Source caller)
    {
        (_caller, _service) = (caller, services.GetRequiredService<X509Source>());
        _time = services.GetService<TimeProvider>() ?? TimeProvider.System;

        // The current configuration of each request.
        var options = services.GetRequiredService<IOptionsFactory<SpiffeServerOptions>>();
        _tls = new(_service, () => PatternOf(options.Create(Options.DefaultName).AllowedPeers));
    }

    /// <summary>Sets the features that a handshake sets.</summary>
    /// <exception cref="HttpRequestException">The handshake would have failed.</exception>
    public void Complete(HttpContext context)
    {
        var peer = Verify();
        context.Features.Set<ISpiffePeerFeature>(new VerifiedPeer(peer));
        context.Connection.ClientCertificate = peer.Leaf;
    }

    private SpiffePeer Verify()
    {
        var (svid, bundles) = (Require(_caller).DefaultSvid, Require(_service).Bundles);
        var result = X509SvidVerifier.Verify(svid.Leaf, [.. svid.Intermediates], bundles, PeerRole.Client, _time.GetUtcNow());
        if (!result.Accepted) throw Refuse(svid.Id, [result.Reason]);

        var refusals = _tls.Recheck(result.Peer);
        return refusals.Count == 0 ? result.Peer : throw Refuse(svid.Id, refusals);
    }

    // As in the options: absent means the members of the service's own trust domain, empty means no peer.
    private static SpiffeIdPattern? PatternOf(IReadOnlyList<string>? patterns) => patterns switch
    {
        null => null,
        [] => SpiffeIdPattern.None,
        _ => SpiffeIdPattern.Parse(string.Join(',', patterns)),
    };

    private static X509Context Require(X509Source source) =>
        source.Current ?? throw new HttpRequestException($"The handshake fails: the agent at '{source.Address}' has withdrawn the SVID.");

    private static HttpRequestException Refuse(SpiffeId caller, IReadOnlyList<RejectionReason> reasons) =>
        new($"The handshake fails: the service rejects the caller '{caller}' ({string.Join(", ", reasons)}). Over the network the reason is not sent to the caller.");
}
