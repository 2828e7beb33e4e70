using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace AspNetSpiffe;

/// <summary>An X509-SVID of this workload: the certificate with its SPIFFE ID, the private key, and the intermediates (X509-SVID §2).</summary>
/// <remarks>Immutable and thread-safe. Its certificates are never disposed, because handshakes may still use them.</remarks>
public sealed class X509Svid
{
    /// <summary>Creates an SVID from a certificate. Its private key may be in a key store and not exportable.</summary>
    /// <param name="leaf">The certificate with its private key. The SVID owns it from now on: do not dispose it.</param>
    /// <param name="intermediates">The certificates between the leaf and the authority, in the order in which they are sent.</param>
    /// <param name="hint">The hint: distinguishes the SVIDs of a workload with several.</param>
    /// <exception cref="ArgumentException">The certificate has no private key, or violates a rule for SVIDs (X509-SVID §2 to §4); the message says which.</exception>
    public X509Svid(X509Certificate2 leaf, IEnumerable<X509Certificate2> intermediates, string hint = "")
        : this(RequireId(leaf, intermediates), leaf, [.. intermediates], hint)
    {
        ArgumentNullException.ThrowIfNull(hint);
    }

    internal X509Svid(SpiffeId id, X509Certificate2 leaf, ImmutableArray<X509Certificate2> intermediates, string hint)
    {
        Id = id;
        Leaf = leaf;
        Intermediates = intermediates;
        Hint = hint;
        Validity = Validity.Of(leaf);
        ValidFrom = Validity.OfAll(intermediates.Prepend(leaf)).NotBefore;

        // Created once per SVID: one per handshake costs a chain build and leaks native memory. Offline: no request to an OCSP server.
        CertificateContext = SslStreamCertificateContext.Create(leaf, [.. intermediates], offline: true);
    }

    /// <summary>Parses an SVID from PEM.</summary>
    /// <param name="certificates">The leaf, followed by its intermediates.</param>
    /// <param name="key">The leaf's private key: PKCS#8 (<c>PRIVATE KEY</c>), or an older format of openssl (<c>EC</c> or <c>RSA PRIVATE KEY</c>). May be the same text.</param>
    /// <param name="hint">The hint: distinguishes the SVIDs of a workload with several.</param>
    /// <exception cref="FormatException">The text cannot be read, or violates a rule for SVIDs (X509-SVID §2 to §4); the message says which, and contains no part of the key.</exception>
    /// <exception cref="NotSupportedException">.NET does not support the type of the key, for example Ed25519.</exception>
    public static X509Svid CreateFromPem(ReadOnlySpan<char> certificates, ReadOnlySpan<char> key, string hint = "")
    {
        ArgumentNullException.ThrowIfNull(hint);
        var text = new byte[Encoding.UTF8.GetByteCount(key)];
        byte[]? pkcs8 = null;
        try
        {
            Encoding.UTF8.GetBytes(key, text);
            pkcs8 = KeyPem.ReadPkcs8(text);
            var der = PemBlocks.ReadCertificates(Encoding.UTF8.GetBytes(certificates.ToArray()));
            return X509SvidReader.Read(X509SvidReader.ReadId(der), der, pkcs8, hint, []);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    /// <summary>Gets the SPIFFE ID.</summary>
    public SpiffeId Id { get; }

    /// <summary>Gets the leaf certificate with its private key. The SVID owns it: do not dispose it.</summary>
    public X509Certificate2 Leaf { get; }

    /// <summary>Gets the certificates between the leaf and the trust domain's authority, in the order in which they are sent.</summary>
    public ImmutableArray<X509Certificate2> Intermediates { get; }

    /// <summary>Gets the hint of the operator on the use of this identity, or an empty string (Workload API §5.2.1).</summary>
    public string Hint { get; }

    /// <summary>Gets when the SVID becomes valid.</summary>
    public DateTimeOffset NotBefore => Validity.NotBefore;

    /// <summary>Gets when the SVID expires.</summary>
    public DateTimeOffset NotAfter => Validity.NotAfter;

    internal Validity Validity { get; }

    /// <summary>Gets the time from which the leaf and all intermediates are valid.</summary>
    internal DateTimeOffset ValidFrom { get; }

    internal SslStreamCertificateContext CertificateContext { get; }

    /// <summary>Determines whether another SVID has the same certificates, byte for byte, and the same hint.</summary>
    internal bool IsSameAs(X509Svid other) =>
        Hint == other.Hint
        && Leaf.RawDataMemory.Span.SequenceEqual(other.Leaf.RawDataMemory.Span)
        && Intermediates.Length == other.Intermediates.Length
        && Intermediates.Zip(other.Intermediates).All(static pair => pair.First.RawDataMemory.Span.SequenceEqual(pair.Second.RawDataMemory.Span));

    /// <summary>Returns the SPIFFE ID; never the key.</summary>
    public override string ToString() => Id.ToString();

    private static SpiffeId RequireId(X509Certificate2 leaf, IEnumerable<X509Certificate2> intermediates)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        ArgumentNullException.ThrowIfNull(intermediates);
        if (!leaf.HasPrivateKey) throw new ArgumentException("The leaf certificate has no private key.", nameof(leaf));
        try
        {
            var id = X509SvidReader.ReadId(leaf);
            X509SvidReader.CheckLeaf(id, leaf);
            foreach (var intermediate in intermediates) X509SvidReader.CheckIntermediate(intermediate);
            return id;
        }
        catch (FormatException e)
        {
            throw new ArgumentException(e.Message, nameof(leaf), e);
        }
    }
}
