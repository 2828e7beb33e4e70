using System.Security.Cryptography;
using AspNetSpiffe;
using Google.Protobuf;

namespace Mesh.Authorities;

/// <summary>Identifies a workload by the report of its platform only.</summary>
internal sealed class ReportVerifier(EnrolledWorkloads workloads, Nonces nonces)
{
    /// <summary>Verifies a report.</summary>
    /// <param name="report">The report that the caller sent.</param>
    /// <param name="publicKey">The key that is to be signed: SubjectPublicKeyInfo, DER.</param>
    /// <param name="problem">Why the report is rejected: for the log, not for the caller.</param>
    /// <returns>The SPIFFE ID of the workload; <see langword="null"/> when the report is rejected.</returns>
    public SpiffeId? Verify(EndorsementReport? report, byte[] publicKey, out string problem)
    {
        problem = "";
        if (Read(report) is not { } statement) problem = "it cannot be read";
        else if (workloads.Find(statement.EndorsementKey.Span) is not { } workload) problem = "its endorsement key is not enrolled";
        else if (!IsSigned(report!, statement.EndorsementKey.Span)) problem = "its signature is wrong";
        else if (!nonces.IsValid(statement.Nonce.Span)) problem = "its nonce is not one of ours, or too old";
        else if (!statement.KeyHash.Span.SequenceEqual(SHA256.HashData(publicKey))) problem = "it is about another key than the request";
        else if (!statement.Measurement.Span.SequenceEqual(workload.Measurement)) problem = $"the program is not the one that is enrolled as {workload.Id}";
        else return workload.Id;
        return null;
    }

    private static ReportStatement? Read(EndorsementReport? report)
    {
        try
        {
            return report is null ? null : ReportStatement.Parser.ParseFrom(report.Statement);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    // Only enrolled keys, which Enroll has parsed, are passed here.
    private static bool IsSigned(EndorsementReport report, ReadOnlySpan<byte> endorsementKey)
    {
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(endorsementKey, out _);
        return key.VerifyData(report.Statement.Span, report.Signature.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }
}
