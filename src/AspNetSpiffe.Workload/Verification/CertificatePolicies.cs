using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Certificate policies (RFC 5280 §6.1): a path that requires an explicit policy must have one. The platform checks this only when a policy is requested.</summary>
internal static class CertificatePolicies
{
    private const string PoliciesOid = "2.5.29.32";
    private const string MappingsOid = "2.5.29.33";
    private const string ConstraintsOid = "2.5.29.36";
    private const string InhibitAnyOid = "2.5.29.54";
    private const string AnyPolicy = "2.5.29.32.0";

    /// <summary>Determines whether a path, from the leaf to the authority, has every explicit policy that it requires.</summary>
    /// <exception cref="AsnContentException">An extension cannot be read.</exception>
    public static bool AreMet(IReadOnlyList<X509Certificate2> path)
    {
        // Only this extension requires a policy.
        if (!path.Any(certificate => Find(certificate, ConstraintsOid) is not null)) return true;

        // The policy tree of RFC 5280 is not needed: since we accept any policy, it is empty exactly when this set is.
        var valid = PolicySet.Any;
        var (explicitPolicy, inhibitMapping, inhibitAny) = (path.Count + 1, path.Count + 1, path.Count + 1);
        for (var i = path.Count - 1; i >= 0; i--)
        {
            var (certificate, isLeaf) = (path[i], i == 0);
            var isSelfIssued = CertificationPaths.IsSelfIssued(certificate);

            valid = valid.Narrow(ReadPolicies(certificate), takesAny: inhibitAny > 0 || (!isLeaf && isSelfIssued));
            if (explicitPolicy == 0 && valid.IsEmpty) return false;

            // §6.1.4 (a), (b).
            if (!isLeaf) valid = valid.Map(ReadMappings(certificate), isInhibited: inhibitMapping == 0);

            // §6.1.4 (h), §6.1.5 (a).
            if (isLeaf || !isSelfIssued) (explicitPolicy, inhibitMapping, inhibitAny) = (Less(explicitPolicy), Less(inhibitMapping), Less(inhibitAny));

            // §6.1.4 (i), (j), §6.1.5 (b).
            var (require, inhibit) = ReadConstraints(certificate);
            explicitPolicy = Math.Min(explicitPolicy, require);
            inhibitMapping = Math.Min(inhibitMapping, inhibit);
            inhibitAny = Math.Min(inhibitAny, ReadInhibitAny(certificate));
        }

        return explicitPolicy > 0 || !valid.IsEmpty;
    }

    private static int Less(int skip) => Math.Max(0, skip - 1);

    private static AsnReader? Find(X509Certificate2 certificate, string oid) =>
        certificate.Extensions.FirstOrDefault(extension => extension.Oid?.Value == oid) is { } found ? new(found.RawData, AsnEncodingRules.DER) : null;

    private static HashSet<string> ReadPolicies(X509Certificate2 certificate)
    {
        var policies = new HashSet<string>(StringComparer.Ordinal);
        for (var all = Find(certificate, PoliciesOid)?.ReadSequence(); all?.HasData is true;) policies.Add(all.ReadSequence().ReadObjectIdentifier());
        return policies;
    }

    private static List<(string From, string To)> ReadMappings(X509Certificate2 certificate)
    {
        var mappings = new List<(string, string)>();
        for (var all = Find(certificate, MappingsOid)?.ReadSequence(); all?.HasData is true;)
        {
            var mapping = all.ReadSequence();
            mappings.Add((mapping.ReadObjectIdentifier(), mapping.ReadObjectIdentifier()));
        }

        return mappings;
    }

    private static (int RequireExplicitPolicy, int InhibitPolicyMapping) ReadConstraints(X509Certificate2 certificate)
    {
        var constraints = Find(certificate, ConstraintsOid)?.ReadSequence();
        return (ReadSkip(constraints, 0), ReadSkip(constraints, 1));
    }

    private static int ReadInhibitAny(X509Certificate2 certificate) => Find(certificate, InhibitAnyOid) is { } skip ? Clamp(skip.ReadInteger()) : int.MaxValue;

    private static int ReadSkip(AsnReader? constraints, int number)
    {
        var tag = new Asn1Tag(TagClass.ContextSpecific, number);
        return constraints?.HasData is true && constraints.PeekTag().HasSameClassAndValue(tag) ? Clamp(constraints.ReadInteger(tag)) : int.MaxValue;
    }

    private static int Clamp(System.Numerics.BigInteger skip) => skip < 0 ? throw new AsnContentException() : (int)System.Numerics.BigInteger.Min(skip, int.MaxValue);

    /// <summary>The policies for which the path is valid down to this certificate.</summary>
    private sealed record PolicySet(bool IsAny, HashSet<string> Policies)
    {
        public static readonly PolicySet Any = new(true, []);

        public bool IsEmpty => !IsAny && Policies.Count == 0;

        // §6.1.3 (d), (e).
        public PolicySet Narrow(HashSet<string> asserted, bool takesAny)
        {
            if (takesAny && asserted.Contains(AnyPolicy)) return this;
            return new(false, [.. asserted.Where(policy => policy != AnyPolicy && (IsAny || Policies.Contains(policy)))]);
        }

        public PolicySet Map(List<(string From, string To)> mappings, bool isInhibited)
        {
            if (mappings.Count == 0) return this;
            if (mappings.Any(mapping => mapping.From == AnyPolicy || mapping.To == AnyPolicy)) return new(false, []);

            var mapped = Policies.Where(policy => mappings.All(mapping => mapping.From != policy));
            if (!isInhibited) mapped = mapped.Concat(mappings.Where(mapping => IsAny || Policies.Contains(mapping.From)).Select(mapping => mapping.To));
            return new(IsAny, [.. mapped]);
        }
    }
}
