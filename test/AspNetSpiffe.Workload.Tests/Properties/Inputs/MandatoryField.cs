using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>A field of an SVID that a message must not leave empty.</summary>
internal sealed record MandatoryField(string Name, Action<X509SVID> Empty)
{
    public static MandatoryField[] All { get; } =
    [
        new("spiffe_id", svid => svid.SpiffeId = ""),
        new("x509_svid", svid => svid.X509Svid = ByteString.Empty),
        new("x509_svid_key", svid => svid.X509SvidKey = ByteString.Empty),
        new("bundle", svid => svid.Bundle = ByteString.Empty),
    ];

    public override string ToString() => Name;
}
