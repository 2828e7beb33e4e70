using System.Runtime.CompilerServices;
using System.Threading.Channels;
using AspNetSpiffe;

namespace Docs;

/// <summary>docs/files.md</summary>
internal static class Provider
{
    public static void Add(WebApplicationBuilder builder, ChannelReader<Secret> vault)
    {
        // <provider>
        builder.Services.AddSpiffe(options => options.Provider = WatchAsync);

        async IAsyncEnumerable<X509Context?> WatchAsync([EnumeratorCancellation] CancellationToken stopping)
        {
            await foreach (var secret in vault.ReadAllAsync(stopping))
            {
                var svid = X509Svid.CreateFromPem(secret.Certificates, secret.Key);
                yield return new X509Context([svid], new X509BundleSet([X509Bundle.CreateFromPem(svid.Id.TrustDomain, secret.Bundle)]));
            }
        }
        // </provider>
    }

    /// <summary>A secret of a secret store: PEM.</summary>
    internal sealed record Secret(string Certificates, string Key, string Bundle);
}
