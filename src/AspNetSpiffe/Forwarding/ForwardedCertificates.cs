using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Authentication.Certificate;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Verifies the certificates that trusted proxies forward, before the application gets the request, and removes these headers from requests of all other peers.</summary>
internal sealed class ForwardedCertificates(
    IOptions<SpiffeSchemes> schemes, IOptionsMonitor<SpiffeForwardedAuthenticationOptions> monitor, X509Source source, ForwardedRefusals refusals, TimeProvider time) : IStartupFilter
{
    private static readonly string[] Standard = [ForwardedCertificateHeaders.ClientCert, ForwardedCertificateHeaders.ClientCertChain, ForwardedCertificateHeaders.XForwardedClientCert];

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        // With a cache that was registered after ours, the framework would build the chain, and download from URLs in an unverified certificate.
        if (app.ApplicationServices.GetService<ICertificateValidationCache>() is not ForwardedCertificateCache)
            throw new InvalidOperationException(
                "AddSpiffeForwarded() would not validate certificates. Call it after AddCertificateCache(), or after any other registration of an ICertificateValidationCache.");

        Source[] sources = [.. schemes.Value.Forwarded.Select(scheme => new Source(scheme, monitor.Get(scheme)))];
        string[] names = [.. sources.SelectMany(one => one.Headers).Union(Standard, StringComparer.OrdinalIgnoreCase)];
        app.Use((context, next) =>
        {
            Take(context, sources, names);
            return next(context);
        });
        next(app);
    };

    private void Take(HttpContext context, Source[] sources, string[] names)
    {
        var (headers, now) = (context.Request.Headers, time.GetUtcNow());
        var trusted = Array.Find(sources, one => headers.ContainsKey(one.Headers[0]) && one.Proxies.Include(context, now));
        if (trusted is not null) Verify(context, trusted);

        // Also for a trusted proxy, which may pass on the other headers from its client.
        foreach (var name in names)
            if (trusted is null || !trusted.Headers.Contains(name, StringComparer.OrdinalIgnoreCase))
                headers.Remove(name);
    }

    private void Verify(HttpContext context, Source trusted)
    {
        var (reason, id, mistake, peer) = Judge(context, trusted.Options);
        context.Features.Set(new ForwardedCertificate(trusted.Scheme, peer, reason, trusted.Options.CountsAsPeer));

        // Like UseCertificateForwarding(), for the schemes of AddCertificate(), but for verified certificates only.
        if (peer is not null) context.Features.Set<ITlsConnectionFeature>(new TlsConnectionFeature { ClientCertificate = peer.Leaf });
        else refusals.Tell(reason, id, mistake, trusted.Options, context);
    }

    private (RejectionReason Reason, SpiffeId? Id, string? Mistake, SpiffePeer? Peer) Judge(HttpContext context, SpiffeForwardedAuthenticationOptions options)
    {
        X509Certificate2Collection presented;
        try
        {
            presented = ForwardedCertificateHeaders.Read(context.Request.Headers, options);
        }
        catch (FormatException e)
        {
            return (RejectionReason.Unreadable, null, e.Message, null);
        }

        context.Response.RegisterForDispose(presented[0]);
        X509Certificate2[] sent = [.. presented.Skip(1)];
        var result = source.Verify(presented[0], [.. sent.Length > 0 ? sent : OurIntermediates()], PeerRole.Client);
        foreach (var intermediate in sent) intermediate.Dispose();
        if (!result.Accepted) return (result.Reason, result.Id, null, null);
        return PatternList.Allows(options.AllowedPattern, result.Id, source) ? (RejectionReason.None, result.Id, null, result.Peer) : (RejectionReason.NotAllowed, result.Id, null, null);
    }

    // nginx forwards the leaf only, and workloads of one trust domain often have the same issuer. These intermediates are candidates for the path, not trust anchors.
    private IEnumerable<X509Certificate2> OurIntermediates() => source.Current?.Svids.SelectMany(svid => svid.Intermediates) ?? [];

    /// <summary>A scheme with its options.</summary>
    private sealed record Source(string Scheme, SpiffeForwardedAuthenticationOptions Options)
    {
        public TrustedProxies Proxies { get; } = TrustedProxies.Of(Options.TrustedProxies.AsReadOnly());

        public string[] Headers { get; } = ForwardedCertificateHeaders.NamesOf(Options);
    }
}
