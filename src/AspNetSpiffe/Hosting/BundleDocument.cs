using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace AspNetSpiffe;

/// <summary>The current bundle of our own trust domain as a document, serialized once per version.</summary>
internal sealed class BundleDocument(X509Source identity, JwtBundleSource? tokens, TimeSpan refreshHint)
{
    private volatile Written? _last;

    /// <summary>Gets the document; <see langword="null"/> until all its parts have been received.</summary>
    public Written? Current
    {
        get
        {
            if (identity.Current is not { } context || context.Bundles.Find(context.TrustDomain) is not { } x509) return null;

            JwtBundle? jwt = null;
            if (tokens is not null)
            {
                if (tokens.Current is not { } bundles) return null;
                jwt = bundles.Find(context.TrustDomain);
            }

            return _last is { } last && last.X509.Equals(x509) && Equals(last.Jwt, jwt) ? last : _last = Write(x509, jwt);
        }
    }

    private Written Write(X509Bundle x509, JwtBundle? jwt)
    {
        var json = new SpiffeBundle(x509, jwt ?? new(x509.TrustDomain, []), sequence: null, refreshHint).ToUtf8Json();
        return new(x509, jwt, json, new($"\"{Convert.ToHexString(SHA256.HashData(json))}\""));
    }

    public sealed record Written(X509Bundle X509, JwtBundle? Jwt, byte[] Json, EntityTagHeaderValue Tag);
}
