using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Validates a chain that the platform has built (X509-SVID §5.1, RFC 5280 §6).</summary>
/// <remarks>
/// The platform finds a path, verifies its signatures and checks basic constraints, name constraints and critical extensions. Everything else is checked here, with the
/// certificates of the peer and the bundle only: the trust anchor, the origin of each certificate, validity periods, usages, policies and the strength of keys and signatures.
/// </remarks>
internal static class PathValidation
{
    private const string AnyUsage = "2.5.29.37.0";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    // The platform's result for these depends on its own clock and its own list of authorities, or checks more usages than needed.
    private const X509ChainStatusFlags JudgedHere = X509ChainStatusFlags.NotTimeValid | X509ChainStatusFlags.NotTimeNested
        | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.NotValidForUsage;

    /// <summary>The rules for a path, in the order in which they are checked.</summary>
    public static ImmutableArray<Rule<PathFacts, RejectionReason>> Rules { get; } =
    [
        new("RFC 5280 §6.1", "The platform can build a chain of it.", static facts => If(facts.IsBuilt, RejectionReason.InvalidChain)),
        new("RFC 5280 §6.1.3 (a)", "No signature of the path is wrong.", static facts => If(!facts.Status.HasFlag(X509ChainStatusFlags.NotSignatureValid), RejectionReason.BadSignature), static facts => facts.IsBuilt),
        new("X509-SVID §5.1", "A path leads to an authority in the bundle of its own trust domain.", static facts => If(facts.Path.Length > 0, RejectionReason.NotTrusted), static facts => facts.IsBuilt),
        new("X509-SVID §4.4", "Every extended key usage of the path allows the role.", static facts => If(IsFor(facts.Path, facts.Role), RejectionReason.NotForThisUse), HasPath),
        new("RFC 5280 §6.1", "Basic constraints, path length, name constraints and critical extensions hold.", static facts => If((facts.Status & ~JudgedHere) == X509ChainStatusFlags.NoError, RejectionReason.InvalidChain), HasPath),
        new("RFC 5280 §6.1.4 (n)", "Every issuer of the path may sign certificates.", static facts => If(facts.Path.Skip(1).All(MaySign), RejectionReason.InvalidChain), HasPath),
        new("RFC 5280 §6.1.5", "Where the path demands an explicit policy, it has one.", static facts => If(CertificatePolicies.AreMet(facts.Path), RejectionReason.InvalidChain), HasPath),
        new("NIST SP 800-131A", "Every key is RSA from 2048 bits on, P-256, P-384, P-521 or Ed25519.", static facts => If(facts.Path.All(CertificateStrength.HasStrongKey), RejectionReason.WeakKey), HasPath),
        new("NIST SP 800-131A", "Every signature is made with SHA-256 or better.", static facts => If(SignedOf(facts.Path).All(CertificateStrength.HasStrongSignature), RejectionReason.WeakSignature), HasPath),
        new("RFC 5280 §4.1.2.5", "Every certificate of the path is valid now.", static facts => JudgeTime(facts.Path, facts.Now), HasPath),
    ];

    /// <summary>Collects the input of the rules from a built chain, whatever the result of the build.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="leaf">Its first certificate.</param>
    /// <param name="bundle">The bundle of the peer's trust domain, with which it was built.</param>
    /// <param name="role">The role of the peer; <see langword="null"/> for an SVID of our own, which may be issued for one of the roles only.</param>
    /// <param name="now">The time at which every certificate must be valid.</param>
    public static PathFacts Read(X509Chain chain, X509Certificate2 leaf, X509Bundle bundle, PeerRole? role, DateTimeOffset now)
    {
        var path = PathOf(chain, leaf, bundle);
        return new(path, StatusOf(chain.ChainElements, path.Length), role, now, IsBuilt: true);
    }

    /// <summary>Checks a path against the rules.</summary>
    public static RejectionReason Judge(PathFacts facts)
    {
        try
        {
            return Rules.FindBroken(facts);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            // Reading a certificate may throw, for example for an invalid date.
            return RejectionReason.InvalidChain;
        }
    }

    /// <summary>Frees the native copies that a build creates: left to the finalizer, they accumulate.</summary>
    public static void DisposeElements(X509Chain chain)
    {
        foreach (var element in chain.ChainElements) element.Certificate.Dispose();
    }

    // X509-SVID §6.1: an authority need not be self-signed, so the chain may continue above it; that part is ignored.
    private static X509Certificate2[] PathOf(X509Chain chain, X509Certificate2 leaf, X509Bundle bundle)
    {
        var path = new List<X509Certificate2> { leaf };
        foreach (var element in chain.ChainElements.Skip(1))
        {
            if (bundle.Find(element.Certificate) is { } authority) return [.. path, authority];

            // The platform also takes intermediates from the stores of the machine and the user; these are not accepted.
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

    private static bool HasPath(PathFacts facts) => facts.Path.Length > 0;

    private static RejectionReason If(bool isKept, RejectionReason broken) => isKept ? RejectionReason.None : broken;

    private static bool IsFor(X509Certificate2[] path, PeerRole? role) => role switch
    {
        PeerRole.Client => path.All(certificate => Allows(certificate, ClientAuthentication)),
        PeerRole.Server => path.All(certificate => Allows(certificate, ServerAuthentication)),
        _ => IsFor(path, PeerRole.Client) || IsFor(path, PeerRole.Server),
    };

    // X509-SVID §4.4; RFC 5280 §4.2.1.12: without the extension, every use is allowed.
    private static bool Allows(X509Certificate2 certificate, string usage) =>
        certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().All(extension => extension.EnhancedKeyUsages.Cast<Oid>().Any(oid => oid.Value == usage || oid.Value == AnyUsage));

    // RFC 5280 §6.1.4 (n).
    private static bool MaySign(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509KeyUsageExtension>().All(extension => extension.KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign));

    // An authority is trusted because it is in the bundle; the self-signature of a self-issued one proves nothing.
    private static X509Certificate2[] SignedOf(X509Certificate2[] path) => CertificationPaths.IsSelfIssued(path[^1]) ? path[..^1] : path;

    private static RejectionReason JudgeTime(X509Certificate2[] path, DateTimeOffset now)
    {
        var validity = Validity.OfAll(path);
        return now < validity.NotBefore ? RejectionReason.NotYetValid : validity.Contains(now) ? RejectionReason.None : RejectionReason.Expired;
    }
}

/// <summary>A path, from the leaf over the peer's intermediates to the bundle's own instance of an authority, and the platform's status for it.</summary>
/// <param name="Path">Empty when there is no path.</param>
/// <param name="Status">The platform's status of its certificates; without a path, of all certificates of the build.</param>
/// <param name="Role">The role of the peer.</param>
/// <param name="Now">The time at which every certificate must be valid.</param>
/// <param name="IsBuilt">Whether the platform could build a chain at all, valid or not.</param>
internal readonly record struct PathFacts(X509Certificate2[] Path, X509ChainStatusFlags Status, PeerRole? Role, DateTimeOffset Now, bool IsBuilt);
