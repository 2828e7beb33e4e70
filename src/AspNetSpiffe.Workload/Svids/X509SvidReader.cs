using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Creates an X509-SVID of this workload from DER certificates and a PKCS#8 key, and checks every rule for SVIDs (X509-SVID §2 to §4).</summary>
internal static class X509SvidReader
{
    /// <param name="id">The SPIFFE ID of the SVID.</param>
    /// <param name="der">The leaf and its intermediates.</param>
    /// <param name="pkcs8">The leaf's key.</param>
    /// <param name="hint">The hint of the SVID.</param>
    /// <param name="known">Intermediates of the previous message; an unchanged one is the same instance.</param>
    /// <exception cref="FormatException">A rule is violated; the message names it, without secrets.</exception>
    /// <exception cref="NotSupportedException">.NET does not support the type of the key, for example Ed25519.</exception>
    public static X509Svid Read(SpiffeId id, ReadOnlySpan<byte> der, ReadOnlySpan<byte> pkcs8, string hint, ImmutableArray<X509Certificate2> known)
    {
        var certificates = DerSequence.ReadCertificates(der);
        if (certificates.Count == 0) throw new FormatException("The X509-SVID has no certificate.");

        CheckLeaf(id, certificates[0]);
        foreach (var intermediate in certificates[1..]) CheckIntermediate(intermediate);
        return new(id, PrivateKeys.Join(certificates[0], pkcs8), [.. certificates[1..].Select(c => Intern(c, known))], hint);
    }

    /// <summary>Reads the SPIFFE ID of the first of some DER certificates.</summary>
    /// <exception cref="FormatException">They cannot be read, or the first does not have exactly one SPIFFE ID.</exception>
    public static SpiffeId ReadId(ReadOnlySpan<byte> der)
    {
        var certificates = DerSequence.ReadCertificates(der);
        try
        {
            return certificates is [var leaf, ..] ? ReadId(leaf) : throw new FormatException("There is no certificate.");
        }
        finally
        {
            foreach (var certificate in certificates) certificate.Dispose();
        }
    }

    /// <summary>Reads the SPIFFE ID of a leaf.</summary>
    /// <exception cref="FormatException">It does not have exactly one SPIFFE ID.</exception>
    public static SpiffeId ReadId(X509Certificate2 leaf)
    {
        if (!SubjectAltNames.TryReadOnlyUri(leaf, out var uri, out _)) throw new FormatException("The leaf certificate does not have exactly one URI name.");
        return SpiffeId.TryParse(uri, out var id, out var problem) ? id : throw new FormatException($"The URI name of the leaf certificate is not a SPIFFE ID. {problem.Describe(uri)}");
    }

    /// <exception cref="FormatException">A rule is violated; the message names it.</exception>
    public static void CheckLeaf(SpiffeId id, X509Certificate2 leaf)
    {
        if (!SubjectAltNames.TryReadOnlyUri(leaf, out var uri, out _)) throw new FormatException("The leaf certificate does not have exactly one URI name.");
        if (uri != id.ToString()) throw new FormatException($"The SPIFFE ID of the leaf certificate is {SpiffeIdProblem.Quote(uri)}, not '{id}'.");
        if (id.Path.Length == 0) throw new FormatException($"'{id}' names a trust domain, not a workload.");
        if (!CertificateUsage.TryRead(leaf, out var usage)) throw new FormatException("The leaf certificate has a validity or an extension that cannot be read.");
        if (usage.IsCa) throw new FormatException("The leaf certificate is a CA.");
        if (usage.CanSign) throw new FormatException("The leaf certificate may sign certificates or revocation lists.");
        if (!usage.KeyUsage.HasFlag(X509KeyUsageFlags.DigitalSignature)) throw new FormatException("The leaf certificate has no key usage 'digitalSignature'.");
    }

    /// <exception cref="FormatException">A rule is violated; the message names it.</exception>
    public static void CheckIntermediate(X509Certificate2 intermediate)
    {
        if (!CertificateUsage.TryRead(intermediate, out var usage) || !usage.IsCa || !usage.KeyUsage.HasFlag(X509KeyUsageFlags.KeyCertSign))
            throw new FormatException($"The intermediate certificate {SpiffeIdProblem.Quote(intermediate.Subject)} is not a CA that may sign certificates.");
    }

    // Each handshake of a client leaks a reference to each intermediate (dotnet/runtime#132350), so every instance stays in native memory until the process ends.
    private static X509Certificate2 Intern(X509Certificate2 intermediate, ImmutableArray<X509Certificate2> known)
    {
        if (known.FirstOrDefault(k => k.RawDataMemory.Span.SequenceEqual(intermediate.RawDataMemory.Span)) is not { } same) return intermediate;
        intermediate.Dispose();
        return same;
    }
}
