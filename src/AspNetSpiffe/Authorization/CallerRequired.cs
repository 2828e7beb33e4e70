using Microsoft.AspNetCore.Authorization;

namespace AspNetSpiffe;

/// <summary>The metadata of an endpoint whose handler has a parameter for its caller. A requirement instead of <c>[Authorize]</c>, so that a fallback policy of the application still applies.</summary>
internal sealed class CallerRequired : IAuthorizationRequirementData
{
    private static readonly SpiffeRequirement[] Anybody = [new(SpiffeIdPattern.Any)];

    public IEnumerable<IAuthorizationRequirement> GetRequirements() => Anybody;
}
