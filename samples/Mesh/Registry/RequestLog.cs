using Microsoft.AspNetCore.Http.Features;

namespace Mesh.Names;

/// <summary>One line for each request: caller, request and status.</summary>
internal static class RequestLog
{
    public static void UseRequestLog(this WebApplication app) => app.Use(async (http, next) =>
    {
        await next(http);
        app.Logger.LogInformation(
            "{Caller} {Method} {Path} {Status}{GrpcStatus}", http.GetSpiffeId(), http.Request.Method, http.Request.Path, http.Response.StatusCode, GrpcStatusOf(http));
    });

    // After a message the status is in the trailers; without one in the headers.
    private static string GrpcStatusOf(HttpContext http) =>
        http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers.TryGetValue("grpc-status", out var status) == true || http.Response.Headers.TryGetValue("grpc-status", out status) ? $" grpc-status {status}" : "";
}
