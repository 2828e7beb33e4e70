using System.Security.Cryptography;

namespace Mesh.Authorities;

/// <summary>The endpoints for the operator: enrol workloads and replace the authority. Only reachable through a socket of this user.</summary>
internal static class OperatorEndpoints
{
    public static void MapOperator(this IEndpointRouteBuilder endpoints)
    {
        // Routes are shared by all listeners: without the mark of an operator's connection the response is 404.
        var group = endpoints.MapGroup("").AddEndpointFilter(static async (context, next) =>
            context.HttpContext.Features.Get<OperatorConnection>() is null ? Results.NotFound() : await next(context));

        group.MapGet("/bundle", static (SigningAuthorities authorities) =>
            Results.Text(string.Concat(authorities.Bundle.Authorities.Select(static authority => authority.ExportCertificatePem() + "\n")), "application/x-pem-file"));
        group.MapPost("/workloads", Enroll);
        group.MapPost("/authority/prepare", static (SigningAuthorities authorities, ILogger<OperatorConnection> logger) => Do(authorities.Prepare, "prepared", logger));
        group.MapPost("/authority/activate", static (SigningAuthorities authorities, ILogger<OperatorConnection> logger) => Do(authorities.Activate, "activated", logger));
        group.MapPost("/authority/revoke", static (SigningAuthorities authorities, ILogger<OperatorConnection> logger) => Do(authorities.Revoke, "revoked", logger));
    }

    private static IResult Enroll(Enrolment enrolment, EnrolledWorkloads workloads, AuthorityOptions options, ILogger<OperatorConnection> logger)
    {
        try
        {
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(enrolment.EndorsementKey, out var read);
            if (read != enrolment.EndorsementKey.Length || enrolment.Measurement.Length != SHA256.HashSizeInBytes) return Results.Problem("The endorsement key or the measurement has a wrong length.", statusCode: 400);
            var id = options.TrustDomain.Id.WithPath(enrolment.Path);
            if (id.Path.Length == 0 || id == MeshName.AuthorityOf(options.TrustDomain)) return Results.Problem($"'{id}' is not the ID of a workload.", statusCode: 400);
            workloads.Enroll(enrolment.EndorsementKey, new(id, enrolment.Measurement));
            logger.LogInformation("Enrolled {SpiffeId}", id);
            return Results.NoContent();
        }
        catch (Exception mistake) when (mistake is CryptographicException or FormatException)
        {
            return Results.Problem(mistake.Message, statusCode: 400);
        }
    }

    private static IResult Do(Action step, string what, ILogger logger)
    {
        try
        {
            step();
            logger.LogInformation("Authority {What}", what);
            return Results.NoContent();
        }
        catch (InvalidOperationException tooEarly)
        {
            return Results.Problem(tooEarly.Message, statusCode: 409);
        }
    }
}

/// <summary>A workload that the operator enrols.</summary>
/// <param name="Path">The path of its SPIFFE ID.</param>
/// <param name="EndorsementKey">The key of its platform: SubjectPublicKeyInfo, DER.</param>
/// <param name="Measurement">SHA-256 of its program.</param>
internal sealed record Enrolment(string Path, byte[] EndorsementKey, byte[] Measurement);

/// <summary>Marks a connection that came through the operator's socket.</summary>
internal sealed class OperatorConnection;
