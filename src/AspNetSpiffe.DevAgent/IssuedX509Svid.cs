namespace AspNetSpiffe;

/// <summary>An X509-SVID as the Workload API carries it: concatenated DER and a PKCS#8 key. Never printed.</summary>
internal sealed class IssuedX509Svid(SpiffeId id, DevIdentity identity, byte[] certificates, byte[] pkcs8, string serialNumber, DateTimeOffset notAfter)
{
    public SpiffeId Id { get; } = id;

    public DevIdentity Identity { get; } = identity;

    public byte[] Certificates { get; } = certificates;

    // Kept as long as the SVID is current, for every new stream asks for it; streams may still be writing it when it is replaced.
    public byte[] Pkcs8 { get; } = pkcs8;

    public string SerialNumber { get; } = serialNumber;

    public DateTimeOffset NotAfter { get; } = notAfter;
}
