using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Judges a chain that the platform has built (X509-SVID §5.1, RFC 5280 §6).</summary>
/// <remarks>
/// The platform finds a path, verifies its signatures and applies basic constraints, name constraints and critical extensions. All else is judged here, by what the
/// peer sent and by the bundle alone: where the path ends, whose certificates it is made of, the clock, usages, policies and the strength of keys and signatures.
/// </remarks>
internal static class PathValidation
{
    private const string AnyUsage = "2.5.29.37.0";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    // What the platform says of these, it says by its own clock, by its own list of authorities, or for one usage too many.
    private const X509ChainStatusFlags JudgedHere = X509ChainStatusFlags.NotTimeValid | X509ChainStatusFlags.NotTimeNested
        | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.NotValidForUsage;

    /// <summary>Judges a chain.</summary>
    /// <param name="chain">A built chain, whatever its verdict.</param>
    /// <param name="leaf">Its first certificate.</param>
    /// <param name="bundle">The bundle of the peer's trust domain, with which it was built.</param>
    /// <param name="role">The part that the peer plays; none for an SVID of our own, which may be issued for one of the two only.</param>
    /// <param name="now">When every certificate must be valid.</param>
    /// <param name="path">The path, from the leaf over what the peer sent to the bundle's own instance of an authority. Empty when there is none.</param>
    public static RejectionReason Judge(X509Chain chain, X509Certificate2 leaf, X509Bundle bundle, PeerRole? role, DateTimeOffset now, out X509Certificate2[] path)
    {
        path = PathOf(chain, leaf, bundle);
        try
        {
            var status = StatusOf(chain.ChainElements, path.Length);
            if (status.HasFlag(X509ChainStatusFlags.NotSignatureValid)) return RejectionReason.BadSignature;
            if (path.Length == 0) return RejectionReason.NotTrusted;
            if (!IsFor(path, role)) return RejectionReason.NotForThisUse;
            if ((status & ~JudgedHere) != X509ChainStatusFlags.NoError || !path.Skip(1).All(MaySign) || !CertificatePolicies.AreMet(path)) return RejectionReason.InvalidChain;
            return JudgeStrength(path) is var weakness and not RejectionReason.None ? weakness : JudgeTime(path, now);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            // A certificate may hold what throws when it is read, such as a date that is none.
            return RejectionReason.InvalidChain;
        }
    }

    /// <summary>Frees the native copies that a build makes; left to the finalizer they pile up.</summary>
    public static void DisposeElements(X509Chain chain)
    {
        foreach (var element in chain.ChainElements) element.Certificate.Dispose();
    }

    // X509-SVID §6.1: an authority need not be self-signed, so the chain may go on above it; what is there does not matter.
    private static X509Certificate2[] PathOf(X509Chain chain, X509Certificate2 leaf, X509Bundle bundle)
    {
        var path = new List<X509Certificate2> { leaf };
        foreach (var element in chain.ChainElements.Skip(1))
        {
            if (bundle.Find(element.Certificate) is { } authority) return [.. path, authority];

            // The platform also takes intermediates from stores of the machine and its user; whoever writes there has no say.
            if (chain.ChainPolicy.ExtraStore.FirstOrDefault(sent => CertificationPaths.IsSame(sent, element.Certificate)) is not { } sent) return [];
            path.Add(sent);
        }

        return [];
    }

    private static X509ChainStatusFlags StatusOf(X509ChainElementCollection elements, int count)
    {
        var status = X509ChainStatusFlags.NoError;
        foreach (var element in count == 0 ? elements : elements.Take(count))
            foreach (var item in element.ChainElementStatus)
                status |= item.Status;

        return status;
    }

    private static bool IsFor(X509Certificate2[] path, PeerRole? role) => role switch
    {
        PeerRole.Client => path.All(certificate => Allows(certificate, ClientAuthentication)),
        PeerRole.Server => path.All(certificate => Allows(certificate, ServerAuthentication)),
        _ => IsFor(path, PeerRole.Client) || IsFor(path, PeerRole.Server),
    };

    // X509-SVID §4.4; RFC 5280 §4.2.1.12: without the extension, for every use.
    private static bool Allows(X509Certificate2 certificate, string usage) =>
        certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().All(extension => extension.EnhancedKeyUsages.Cast<Oid>().Any(oid => oid.Value == usage || oid.Value == AnyUsage));

    // RFC 5280 §6.1.4 (n).
    private static bool MaySign(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509KeyUsageExtension>().All(extension => extension.KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign));

    private static RejectionReason JudgeStrength(X509Certificate2[] path)
    {
        if (!path.All(CertificateStrength.HasStrongKey)) return RejectionReason.WeakKey;

        // An authority is trusted because it is in the bundle; one that names itself as its issuer has a signature that proves nothing.
        var signed = CertificationPaths.IsSelfIssued(path[^1]) ? path[..^1] : path;
        return signed.All(CertificateStrength.HasStrongSignature) ? RejectionReason.None : RejectionReason.WeakSignature;
    }

    private static RejectionReason JudgeTime(X509Certificate2[] path, DateTimeOffset now)
    {
        var validity = Validity.OfAll(path);
        return now < validity.NotBefore ? RejectionReason.NotYetValid : validity.Contains(now) ? RejectionReason.None : RejectionReason.Expired;
    }
}
