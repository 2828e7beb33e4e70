using System.Collections.Concurrent;
using System.Security.Cryptography;
using AspNetSpiffe;

namespace Mesh.Authorities;

/// <summary>The workloads that the operator has enrolled: which platform and which program have which SPIFFE ID. Thread-safe.</summary>
internal sealed class EnrolledWorkloads
{
    private readonly ConcurrentDictionary<string, EnrolledWorkload> _byEndorsementKey = new(StringComparer.Ordinal);

    public void Enroll(byte[] endorsementKey, EnrolledWorkload workload) => _byEndorsementKey[NameOf(endorsementKey)] = workload;

    public EnrolledWorkload? Find(ReadOnlySpan<byte> endorsementKey) => _byEndorsementKey.GetValueOrDefault(NameOf(endorsementKey));

    private static string NameOf(ReadOnlySpan<byte> key) => Convert.ToHexStringLower(SHA256.HashData(key));
}

/// <summary>A workload, and the program that it must be: its SHA-256.</summary>
internal sealed record EnrolledWorkload(SpiffeId Id, byte[] Measurement);
