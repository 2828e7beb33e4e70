using Mesh.Service.Egress;

namespace Mesh.Service;

/// <summary>One line for each request: caller, request and status.</summary>
internal sealed class RequestLog(ILogger<RequestLog> logger)
{
    public async Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        await next(http);
        var caller = Door.Of(http) is { } door ? $"own user ({door.Name})" : http.GetSpiffeId()?.ToString() ?? "nobody";
        var (request, status) = (http.Request, http.Response.StatusCode);
        logger.LogInformation(Events.Served, "{Caller}: {Method} {Host}{Path} {Status}", caller, request.Method, request.Host.ToUriComponent(), request.Path.ToUriComponent(), status);
    }
}
