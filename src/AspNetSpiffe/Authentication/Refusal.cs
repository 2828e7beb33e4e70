using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>The two answers to a caller who may not: nobody verified (401), or not this one (403). Neither says what would have helped.</summary>
internal sealed class Refusal
{
    public static readonly Refusal Unauthenticated = new(
        StatusCodes.Status401Unauthorized,
        """{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.2","title":"Unauthorized","status":401}"""u8.ToArray(),
        grpcStatus: "16",
        grpcMessage: "Unauthenticated");

    public static readonly Refusal PermissionDenied = new(
        StatusCodes.Status403Forbidden,
        """{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.4","title":"Forbidden","status":403}"""u8.ToArray(),
        grpcStatus: "7",
        grpcMessage: "Permission denied");

    private const string GrpcContentType = "application/grpc";

    private readonly int _status;
    private readonly byte[] _problem;
    private readonly string _grpcStatus;
    private readonly string _grpcMessage;

    private Refusal(int status, byte[] problem, string grpcStatus, string grpcMessage) =>
        (_status, _problem, _grpcStatus, _grpcMessage) = (status, problem, grpcStatus, grpcMessage);

    /// <summary>Writes the answer to somebody who has no certificate that counts.</summary>
    public Task WriteAsync(HttpContext context) => WriteAsync(context, Challenge.Peer);

    /// <summary>Writes the answer in the caller's language: gRPC, or HTTP with Problem Details (RFC 9457).</summary>
    public Task WriteAsync(HttpContext context, StringValues challenge)
    {
        // Whoever challenges two schemes of ours gets one answer.
        if (context.Response.HasStarted) return Task.CompletedTask;

        if (IsGrpc(context.Request.ContentType))
        {
            WriteGrpc(context.Response);
            return Task.CompletedTask;
        }

        return WriteProblemAsync(context, challenge);
    }

    // gRPC over HTTP/2, Trailers-Only: HTTP 200, and the status in the one block of headers.
    private void WriteGrpc(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = GrpcContentType;
        response.Headers["grpc-status"] = _grpcStatus;
        response.Headers["grpc-message"] = _grpcMessage;
    }

    private Task WriteProblemAsync(HttpContext context, StringValues challenge)
    {
        var response = context.Response;
        response.StatusCode = _status;

        // RFC 9110 §15.5.2: a 401 names a scheme.
        if (_status == StatusCodes.Status401Unauthorized) response.Headers.WWWAuthenticate = challenge;

        response.ContentType = "application/problem+json";
        response.ContentLength = _problem.Length;
        return response.Body.WriteAsync(_problem, context.RequestAborted).AsTask();
    }

    // 'application/grpc', 'application/grpc+proto', but not 'application/grpc-web'.
    private static bool IsGrpc(string? contentType) =>
        contentType is not null
        && contentType.StartsWith(GrpcContentType, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == GrpcContentType.Length || contentType[GrpcContentType.Length] is '+' or ';' or ' ');
}
