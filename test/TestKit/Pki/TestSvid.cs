using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;

namespace AspNetSpiffe.TestKit;

/// <summary>A leaf with its key and intermediates, in every form that tests need.</summary>
public sealed class TestSvid
{
    internal TestSvid(CertificateSpec spec, TestAuthority issuer)
    {
        Issuer = issuer;
        Key = spec.WithKey ?? TestKey.Create(spec.Key);
        Id = spec.Uris.IsEmpty ? "" : spec.Uris[0];
        Leaf = Key.Attach(CertificateWriter.Write(spec, Key, issuer));
    }

    /// <summary>Gets the first URI SAN as it was asked for, valid or not.</summary>
    public string Id { get; }

    /// <summary>Gets the authority that signed it.</summary>
    public TestAuthority Issuer { get; }

    /// <summary>Gets the key pair.</summary>
    public TestKey Key { get; }

    /// <summary>Gets the leaf with its private key.</summary>
    public X509Certificate2 Leaf { get; }

    /// <summary>Gets the intermediates, the leaf's issuer first.</summary>
    public ImmutableArray<X509Certificate2> Intermediates => Issuer.Intermediates;

    /// <summary>Gets leaf and intermediates as concatenated DER.</summary>
    public byte[] ChainDer => TestPki.Der([Leaf, .. Intermediates]);

    /// <summary>Gets the private key as PKCS#8 DER, a fresh copy.</summary>
    public byte[] Pkcs8 => [.. Key.Pkcs8];

    /// <summary>Returns the message of this SVID, complete and valid; a test changes what it wants wrong.</summary>
    internal Wire.X509SVID ToWire(IEnumerable<X509Certificate2> authorities, string hint = "") => new()
    {
        SpiffeId = Id,
        X509Svid = ByteString.CopyFrom(ChainDer),
        X509SvidKey = ByteString.CopyFrom(Key.Pkcs8),
        Bundle = ByteString.CopyFrom(TestPki.Der(authorities)),
        Hint = hint,
    };
}
