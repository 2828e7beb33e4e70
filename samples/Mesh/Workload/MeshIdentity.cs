using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe;
using Google.Protobuf;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;

namespace Mesh;

/// <summary>The identity of a workload: requested from the authority, each time with a new key, and attested by the report of its platform.</summary>
/// <remarks>Give <see cref="WatchAsync"/> to <see cref="SpiffeOptions.Provider"/>.</remarks>
public sealed class MeshIdentity(WorkloadSettings settings, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<MeshIdentity>();

    /// <summary>Returns an X509-SVID and the trust bundle, and renews them before they expire. Keys are in memory only.</summary>
    public async IAsyncEnumerable<X509Context?> WatchAsync([EnumeratorCancellation] CancellationToken stopping)
    {
        using var platform = Platform.Open(settings.Folder.EndorsementKey, settings.Program);

        // The authority is verified with the operator's bundle, later with the newest stored one.
        await using var bundles = await X509BundleSource.StartAsync(
            new SpiffeOptions { Files = { FederatedBundles = { [settings.TrustDomain.Name] = settings.Folder.Bundle } } }, loggers, stopping);
        using var handler = SpiffeHttpHandler.CreateTls(bundles, SpiffeIdPattern.Parse(MeshName.AuthorityOf(settings.TrustDomain).ToString()));
        using var channel = GrpcChannel.ForAddress(settings.Authority, new() { HttpHandler = handler });
        var authority = new Authority.AuthorityClient(channel);
        while (true)
        {
            var (context, renewAfter) = await RenewAsync(authority, platform, stopping);
            await KeepAsync(context.Bundles.Find(settings.TrustDomain)!, stopping);
            _logger.LogInformation(
                "Have {SpiffeId}, serial number {Serial}, issued by '{Issuer}'; the bundle has {Count} authorities",
                context.DefaultSvid.Id, context.DefaultSvid.Leaf.SerialNumber, context.DefaultSvid.Leaf.Issuer, context.Bundles.Find(settings.TrustDomain)!.Authorities.Length);
            yield return context;
            await Task.Delay(renewAfter, stopping);
        }
    }

    private async Task<(X509Context Context, TimeSpan RenewAfter)> RenewAsync(Authority.AuthorityClient authority, Platform platform, CancellationToken stopping)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var challenge = await authority.ChallengeAsync(new(), cancellationToken: stopping);

        // Only the key of the request is used: the report identifies the workload.
        var request = new CertificateRequest("", key, HashAlgorithmName.SHA256).CreateSigningRequest();
        var report = platform.Report(key.ExportSubjectPublicKeyInfo(), challenge.Nonce);
        var signed = await authority.SignAsync(new() { CertificateRequest = ByteString.CopyFrom(request), Report = report }, cancellationToken: stopping);

        X509Certificate2[] chain = [.. signed.Certificates.Select(static der => X509CertificateLoader.LoadCertificate(der.Span))];
        if (chain is not [var leaf, .. var intermediates]) throw new FormatException("The authority answered without a certificate.");
        var bundle = new X509Bundle(settings.TrustDomain, signed.Authorities.Select(static der => X509CertificateLoader.LoadCertificate(der.Span)));
        return (new([new X509Svid(leaf.CopyWithPrivateKey(key), intermediates)], new([bundle])), signed.RenewAfter.ToTimeSpan());
    }

    // For the next call and the next start: the authority may be replaced while this process is not running.
    private async Task KeepAsync(X509Bundle bundle, CancellationToken stopping)
    {
        var pem = string.Concat(bundle.Authorities.Select(static authority => authority.ExportCertificatePem() + "\n"));
        if (await File.ReadAllTextAsync(settings.Folder.Bundle, stopping) == pem) return;
        var written = settings.Folder.Bundle + ".new";
        await File.WriteAllTextAsync(written, pem, stopping);
        File.Move(written, settings.Folder.Bundle, overwrite: true);
    }
}
