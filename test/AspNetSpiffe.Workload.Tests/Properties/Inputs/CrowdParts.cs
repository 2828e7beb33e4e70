using System.Collections.Immutable;
using System.Globalization;
using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>Many bundles with numbered keys and the same bytes.</summary>
internal sealed record CrowdParts(int Count, string Keys, ImmutableArray<byte> Der)
{
    public void AddTo(X509SVIDResponse message)
    {
        for (var i = 0; i < Count; i++) message.FederatedBundles.Add(string.Format(CultureInfo.InvariantCulture, Keys, i), ByteString.CopyFrom(Der.AsSpan()));
    }

    public override string ToString() => $"{Count} bundles '{Keys}' of {Der.Length} bytes";
}
