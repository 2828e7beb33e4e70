using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Certificate;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>Tells the schemes of <c>AddCertificate()</c> whose a forwarded certificate is, so that they build no chain of it, which would know nothing of bundles. All others are the application's own cache's.</summary>
internal sealed class ForwardedCertificateCache(ICertificateValidationCache? others) : ICertificateValidationCache
{
    // Done at once, unless the application forwards the scheme or its events wait for something.
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
