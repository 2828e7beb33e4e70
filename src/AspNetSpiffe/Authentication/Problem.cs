using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe;

/// <summary>Writes the Problem Details of a 401 or 403 response (RFC 9457). They do not say what is required.</summary>
internal static class Problem
{
    private static readonly byte[] Unauthorized =
        """{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.2","title":"Unauthorized","status":401}"""u8.ToArray();

    private static readonly byte[] Forbidden =
        """{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.4","title":"Forbidden","status":403}"""u8.ToArray();

    /// <summary>Writes Problem Details for the status of a response that has no body yet; with the application's own service, if there is one.</summary>
    public static async Task DescribeAsync(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted || response.ContentType is not null || response.StatusCode is not (StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden)) return;
        if (context.RequestServices.GetService<IProblemDetailsService>() is { } service)
        {
            await service.TryWriteAsync(new() { HttpContext = context, ProblemDetails = { Status = response.StatusCode } });
            return;
        }

        await WriteAsync(response);
    }

    /// <summary>Writes a 401 response without calling the application.</summary>
    public static Task WriteUnauthorizedAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;

        // RFC 9110 §15.5.2: a 401 names a scheme.
        context.Response.Headers.WWWAuthenticate = SpiffeAuthenticationDefaults.AuthenticationScheme;
        return WriteAsync(context.Response);
    }

    private static Task WriteAsync(HttpResponse response)
    {
        var problem = response.StatusCode == StatusCodes.Status401Unauthorized ? Unauthorized : Forbidden;
        response.ContentType = "application/problem+json";
        response.ContentLength = problem.Length;
        return response.Body.WriteAsync(problem, response.HttpContext.RequestAborted).AsTask();
    }
}
