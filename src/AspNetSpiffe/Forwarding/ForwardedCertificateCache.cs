using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Certificate;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>Gives the schemes of <c>AddCertificate()</c> the verified identity of a forwarded certificate, so that they do not build a chain, which would not use the trust bundles. All other certificates are left to the application's own cache.</summary>
internal sealed class ForwardedCertificateCache(ICertificateValidationCache? others) : ICertificateValidationCache
{
    // Completes synchronously, unless the application forwards the scheme or its events are asynchronous.
    public AuthenticateResult? Get(HttpContext context, X509Certificate2 certificate) =>
        IsForwarded(context, certificate, out var scheme) ? context.AuthenticateAsync(scheme).GetAwaiter().GetResult() : others?.Get(context, certificate);

    public void Put(HttpContext context, X509Certificate2 certificate, AuthenticateResult result) => others?.Put(context, certificate, result);

    private static bool IsForwarded(HttpContext context, X509Certificate2 certificate, out string? scheme)
    {
        var forwarded = ForwardedCertificate.Of(context);
        scheme = forwarded?.Scheme;
        return forwarded?.Peer is { } peer && ReferenceEquals(peer.Leaf, certificate);
    }
}
