using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>An X509-SVID of this workload: its SPIFFE ID, the certificate that proves it, and the private key (X509-SVID §2).</summary>
/// <remarks>Immutable, and so safe to share between threads. Its certificates are never disposed: handshakes may still use them.</remarks>
public sealed class X509Svid
{
    internal X509Svid(SpiffeId id, X509Certificate2 leaf, ImmutableArray<X509Certificate2> intermediates, string hint)
    {
        Id = id;
        Leaf = leaf;
        Intermediates = intermediates;
        Hint = hint;
        Validity = Validity.Of(leaf);
        ValidFrom = Validity.OfAll(intermediates.Prepend(leaf)).NotBefore;

        // Made once per SVID: one per handshake costs a chain build and leaks natively. Offline: or it asks an OCSP server about us.
        CertificateContext = SslStreamCertificateContext.Create(leaf, [.. intermediates], offline: true);
    }

    /// <summary>Gets the SPIFFE ID.</summary>
    public SpiffeId Id { get; }

    /// <summary>Gets the leaf certificate with its private key. It belongs to the SVID: do not dispose it.</summary>
    public X509Certificate2 Leaf { get; }

    /// <summary>Gets the certificates between the leaf and the trust domain's authority, in the order in which they are sent.</summary>
    public ImmutableArray<X509Certificate2> Intermediates { get; }

    /// <summary>Gets what the operator says this identity is for, or an empty text (Workload API §5.2.1).</summary>
    public string Hint { get; }

    /// <summary>Gets when the SVID becomes valid.</summary>
    public DateTimeOffset NotBefore => Validity.NotBefore;

    /// <summary>Gets when the SVID expires.</summary>
    public DateTimeOffset NotAfter => Validity.NotAfter;

    internal Validity Validity { get; }

    /// <summary>Gets when all that is sent of it is valid.</summary>
    internal DateTimeOffset ValidFrom { get; }

    internal SslStreamCertificateContext CertificateContext { get; }

    /// <summary>Says whether two are the same certificates, byte for byte, for the same use.</summary>
    internal bool IsSameAs(X509Svid other) =>
        Hint == other.Hint
        && Leaf.RawDataMemory.Span.SequenceEqual(other.Leaf.RawDataMemory.Span)
        && Intermediates.Length == other.Intermediates.Length
        && Intermediates.Zip(other.Intermediates).All(static pair => pair.First.RawDataMemory.Span.SequenceEqual(pair.Second.RawDataMemory.Span));

    /// <summary>Gives the SPIFFE ID; never the key.</summary>
    public override string ToString() => Id.ToString();
}
