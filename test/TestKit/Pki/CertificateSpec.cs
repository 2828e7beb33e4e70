using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.TestKit;

/// <summary>Everything that a certificate can contain, valid or not: <c>pki.Leaf(l => l with { Uris = ["https://td/a"] })</c>.</summary>
public sealed record CertificateSpec
{
    /// <summary>The extended key usage of a TLS server.</summary>
    public const string ServerAuth = "1.3.6.1.5.5.7.3.1";

    /// <summary>The extended key usage of a TLS client.</summary>
    public const string ClientAuth = "1.3.6.1.5.5.7.3.2";

    /// <summary>Gets the subject; an empty text gives an empty one.</summary>
    public string Subject { get; init; } = "";

    /// <summary>Gets the URI SANs; any text, also such as is no URI.</summary>
    public ImmutableArray<string> Uris { get; init; } = [];

    /// <summary>Gets the DNS SANs.</summary>
    public ImmutableArray<string> DnsNames { get; init; } = [];

    /// <summary>Gets the IP SANs.</summary>
    public ImmutableArray<IPAddress> IpAddresses { get; init; } = [];

    /// <summary>Gets whether the SAN extension is critical; null: when the subject is empty, as X509-SVID §3.1 asks.</summary>
    public bool? SanCritical { get; init; }

    /// <summary>Gets the URIs of a second SAN extension; none: there is no second one.</summary>
    public ImmutableArray<string> UrisOfSecondSan { get; init; } = [];

    /// <summary>Gets cA of the basic constraints; null: no such extension.</summary>
    public bool? Ca { get; init; } = false;

    /// <summary>Gets whether the basic constraints are critical.</summary>
    public bool BasicConstraintsCritical { get; init; } = true;

    /// <summary>Gets pathLen of the basic constraints.</summary>
    public int? PathLength { get; init; }

    /// <summary>Gets the key usage; null: no such extension.</summary>
    public X509KeyUsageFlags? KeyUsage { get; init; } = X509KeyUsageFlags.DigitalSignature;

    /// <summary>Gets whether the key usage is critical.</summary>
    public bool KeyUsageCritical { get; init; } = true;

    /// <summary>Gets the object identifiers of the extended key usage; none: no such extension.</summary>
    public ImmutableArray<string> ExtendedKeyUsages { get; init; } = [];

    /// <summary>Gets the first moment of validity; default: an hour ago.</summary>
    public DateTimeOffset NotBefore { get; init; } = TimeProvider.System.GetUtcNow().AddHours(-1);

    /// <summary>Gets the last moment of validity; default: in an hour.</summary>
    public DateTimeOffset NotAfter { get; init; } = TimeProvider.System.GetUtcNow().AddHours(1);

    /// <summary>Gets whether there is an unknown critical extension.</summary>
    public bool UnknownCriticalExtension { get; init; }

    /// <summary>Gets the URL of the issuer's certificate (AIA, "CA issuers").</summary>
    public string? AiaUrl { get; init; }

    /// <summary>Gets the permitted URI host of the name constraints, for an authority.</summary>
    public string? PermittedUriHost { get; init; }

    /// <summary>Gets more extensions, written as they are.</summary>
    public ImmutableArray<X509Extension> Extensions { get; init; } = [];

    /// <summary>Gets extensions of kinds that the certificate has already.</summary>
    public ImmutableArray<X509Extension> SecondExtensions { get; init; } = [];

    /// <summary>Gets the kind of key.</summary>
    public KeyKind Key { get; init; }

    /// <summary>Gets the hash to sign with.</summary>
    public HashAlgorithmName Hash { get; init; } = HashAlgorithmName.SHA256;

    /// <summary>Gets whether the key identifiers of subject and issuer are there.</summary>
    public bool KeyIds { get; init; } = true;

    /// <summary>Gets the key itself; null: a new one of the kind <see cref="Key"/>.</summary>
    public TestKey? WithKey { get; init; }

    /// <summary>Gets the issuer's name to write; null: the name of who signs.</summary>
    public string? IssuerName { get; init; }

    /// <summary>Gets the key to sign with; null: the issuer's own.</summary>
    public TestKey? SignedBy { get; init; }

    /// <summary>Gets the serial number; null: the next of the test run.</summary>
    public ImmutableArray<byte>? SerialNumber { get; init; }
}
