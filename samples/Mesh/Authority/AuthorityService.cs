using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Mesh.Authorities;

/// <summary>Signs X509-SVIDs. The names in a certificate request are ignored: the report identifies the workload.</summary>
internal sealed class AuthorityService(SigningAuthorities authorities, ReportVerifier reports, Nonces nonces, AuthorityOptions options, ILogger<AuthorityService> logger) : Authority.AuthorityBase
{
    private static readonly EventId ReportRejected = new(1, nameof(ReportRejected));

    public override Task<ChallengeReply> Challenge(ChallengeRequest request, ServerCallContext context) =>
        Task.FromResult(new ChallengeReply { Nonce = ByteString.CopyFrom(nonces.Next()) });

    public override Task<SignReply> Sign(SignRequest request, ServerCallContext context)
    {
        var key = ReadKey(request.CertificateRequest.ToByteArray());
        if (reports.Verify(request.Report, key.ExportSubjectPublicKeyInfo(), out var problem) is not { } id)
        {
            logger.LogWarning(ReportRejected, "Rejected the report of {Peer}: {Problem}", context.Peer, problem);
            throw new RpcException(new(StatusCode.PermissionDenied, "The report was rejected."));
        }

        try
        {
            var chain = authorities.Sign(id, key);
            logger.LogInformation("Signed {SpiffeId}, serial number {Serial}, valid until {NotAfter:u}", id, chain[0].SerialNumber, chain[0].NotAfter.ToUniversalTime());
            return Task.FromResult(new SignReply
            {
                Certificates = { chain.Select(static certificate => ByteString.CopyFrom(certificate.RawDataMemory.Span)) },
                Authorities = { authorities.Bundle.Authorities.Select(static authority => ByteString.CopyFrom(authority.RawDataMemory.Span)) },
                RenewAfter = options.RenewAfter.ToDuration(),
            });
        }
        catch (ArgumentException weak)
        {
            throw new RpcException(new(StatusCode.InvalidArgument, weak.Message));
        }
    }

    // Loading verifies the signature of the request, so the sender holds the private key.
    private static PublicKey ReadKey(byte[] request)
    {
        try
        {
            var read = CertificateRequest.LoadSigningRequest(request, HashAlgorithmName.SHA256, out var length, CertificateRequestLoadOptions.Default, RSASignaturePadding.Pkcs1);
            if (length == request.Length) return read.PublicKey;
        }
        catch (CryptographicException)
        {
            // Handled below.
        }

        throw new RpcException(new(StatusCode.InvalidArgument, "The certificate request is not PKCS #10 in DER, or its signature is wrong."));
    }
}
