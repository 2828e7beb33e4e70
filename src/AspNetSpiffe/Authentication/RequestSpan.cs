using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AspNetSpiffe;

/// <summary>Sets the caller on the span of a request.</summary>
internal static class RequestSpan
{
    /// <summary>Sets the authenticated caller on the span, if the span is recorded.</summary>
    public static AuthenticateResult Tell(HttpContext context, AuthenticateResult result)
    {
        if (result.Succeeded && context.Features.Get<IHttpActivityFeature>()?.Activity is { } activity && SpiffeActivities.IsRecorded(activity))
            activity.SetTag(Tag.ClientId, result.Principal.GetSpiffeId()?.ToString());
        return result;
    }
}
