using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AspNetSpiffe;

/// <summary>The span of a request, which says who calls.</summary>
internal static class RequestSpan
{
    /// <summary>Puts the caller on it, if one is authenticated and somebody records it.</summary>
    public static AuthenticateResult Tell(HttpContext context, AuthenticateResult result)
    {
        if (result.Succeeded && context.Features.Get<IHttpActivityFeature>()?.Activity is { } activity && SpiffeActivities.IsRecorded(activity))
            activity.SetTag(Tag.ClientId, result.Principal.GetSpiffeId()?.ToString());
        return result;
    }
}
