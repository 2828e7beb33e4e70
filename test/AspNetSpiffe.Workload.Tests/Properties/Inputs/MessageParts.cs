using System.Collections.Immutable;
using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>A valid X509SVIDResponse in its parts.</summary>
internal sealed record MessageParts(ImmutableArray<SvidPart> Svids, ImmutableArray<ForeignBundle> Federated)
{
    public X509SVIDResponse Message()
    {
        var message = new X509SVIDResponse();
        message.Svids.AddRange(Svids.Select(part => part.Own.Svid.ToWire(part.Own.Pki.Authorities, part.Hint)));
        foreach (var bundle in Federated) message.FederatedBundles.Add(bundle.Key, ByteString.CopyFrom(bundle.Der));
        return message;
    }

    public override string ToString() => $"[{string.Join(", ", Svids)}], federated [{string.Join(", ", Federated)}]";
}
