namespace AspNetSpiffe;

/// <summary>An X509-SVID in the form of the Workload API: concatenated DER and a PKCS#8 key. Not printable.</summary>
internal sealed class IssuedX509Svid(SpiffeId id, DevIdentity identity, byte[] certificates, byte[] pkcs8, string serialNumber, DateTimeOffset notAfter)
{
    public SpiffeId Id { get; } = id;

    public DevIdentity Identity { get; } = identity;

    public byte[] Certificates { get; } = certificates;

    // Kept while the SVID is current, because every new stream sends it; streams may still be writing it when it is replaced.
    public byte[] Pkcs8 { get; } = pkcs8;

    public string SerialNumber { get; } = serialNumber;

    public DateTimeOffset NotAfter { get; } = notAfter;
}
