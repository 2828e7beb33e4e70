using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Authentication.Certificate;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Verifies the certificates that trusted proxies forward, before the application sees the request, and removes the headers of everybody else.</summary>
internal sealed class ForwardedCertificates(
    IOptions<SpiffeSchemes> schemes, IOptionsMonitor<SpiffeForwardedAuthenticationOptions> monitor, X509Source source, ForwardedRefusals refusals, TimeProvider time) : IStartupFilter
{
    private static readonly string[] Standard = [ForwardedHeaders.ClientCert, ForwardedHeaders.ClientCertChain, ForwardedHeaders.XForwardedClientCert];

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        // A cache that was registered after ours would leave the verdict to a chain that the framework builds, which downloads from where a stranger says.
        if (app.ApplicationServices.GetService<ICertificateValidationCache>() is not ForwardedCertificateCache)
            throw new InvalidOperationException(
                "AddSpiffeForwarded() would not be asked about certificates. Call it after AddCertificateCache(), or after whatever else registers an ICertificateValidationCache.");

        (string Scheme, SpiffeForwardedAuthenticationOptions Options)[] all = [.. schemes.Value.Forwarded.Select(scheme => (scheme, monitor.Get(scheme)))];
        string[] names = [.. all.SelectMany(one => ForwardedHeaders.NamesOf(one.Options)).Union(Standard, StringComparer.OrdinalIgnoreCase)];
        app.Use((context, next) =>
        {
            Take(context, all, names);
            return next(context);
        });
        next(app);
    };

    private void Take(HttpContext context, (string Scheme, SpiffeForwardedAuthenticationOptions Options)[] all, string[] names)
    {
        var (headers, now) = (context.Request.Headers, time.GetUtcNow());
        var (scheme, options) = all.FirstOrDefault(one => headers.ContainsKey(ForwardedHeaders.NamesOf(one.Options)[0]) && one.Options.Proxies.Include(context, now));
        if (options is not null) Verify(context, scheme, options);

        // Also of a trusted proxy: one that knows nothing of the other headers would pass them on from its client.
        string[] kept = options is null ? [] : ForwardedHeaders.NamesOf(options);
        foreach (var name in names)
            if (!kept.Contains(name, StringComparer.OrdinalIgnoreCase))
                headers.Remove(name);
    }

    private void Verify(HttpContext context, string scheme, SpiffeForwardedAuthenticationOptions options)
    {
        var (reason, id, mistake, peer) = Judge(context, options);
        context.Features.Set(new ForwardedCertificate(scheme, peer, reason, options.CountsAsPeer));

        // As UseCertificateForwarding() does, for the schemes of AddCertificate(); but nobody is to take a certificate for verified that is not.
        if (peer is not null) context.Features.Set<ITlsConnectionFeature>(new TlsConnectionFeature { ClientCertificate = peer.Leaf });
        else refusals.Tell(reason, id, mistake, options, context);
    }

    private (RejectionReason Reason, SpiffeId? Id, string? Mistake, SpiffePeer? Peer) Judge(HttpContext context, SpiffeForwardedAuthenticationOptions options)
    {
        X509Certificate2Collection presented;
        try
        {
            presented = ForwardedHeaders.Read(context.Request.Headers, options);
        }
        catch (FormatException e)
        {
            return (RejectionReason.Unreadable, null, e.Message, null);
        }

        context.Response.RegisterForDispose(presented[0]);
        X509Certificate2Collection intermediates = [.. presented.Skip(1)];
        var result = source.Verify(presented[0], intermediates, PeerRole.Client);
        foreach (var intermediate in intermediates) intermediate.Dispose();
        if (!result.Accepted) return (result.Reason, result.Id, null, null);
        return IsAllowed(result.Id, options) ? (RejectionReason.None, result.Id, null, result.Peer) : (RejectionReason.NotAllowed, result.Id, null, null);
    }

    private bool IsAllowed(SpiffeId id, SpiffeForwardedAuthenticationOptions options) =>
        options.AllowedPattern?.Matches(id) ?? (source.Current is { } context && id.IsMemberOf(context.TrustDomain));
}
