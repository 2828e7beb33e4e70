using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe;

/// <summary>Reads the access matrix from the endpoints and their policies. It compares IDs with patterns only: it authenticates no caller and calls no code of the application.</summary>
internal sealed class AccessReader(IServiceProvider services, X509Source identity)
{
    private readonly SpiffeIdPattern? _allowed = services.GetRequiredService<AllowedPeers>().Pattern;
    private readonly SpiffeSchemes _schemes = SpiffeSchemes.Of(services);

    public async Task<AccessReport> ReadAsync(string? asked)
    {
        var (id, mistake) = Parse(asked);
        var scheme = (await services.GetRequiredService<IAuthenticationSchemeProvider>().GetDefaultAuthenticateSchemeAsync())?.Name;
        List<EndpointReport> endpoints = [];
        foreach (var endpoint in services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()) endpoints.Add(await ReadAsync(endpoint, scheme, id));
        return new(
            PatternList.Describe(_allowed), asked, mistake, id is null ? null : Connect(id),
            [.. endpoints.OrderBy(static one => one.Pattern, StringComparer.Ordinal).ThenBy(static one => one.Methods, StringComparer.Ordinal)]);
    }

    private static (SpiffeId? Id, string? Mistake) Parse(string? asked)
    {
        try
        {
            return asked is null ? default : (SpiffeId.Parse(asked), null);
        }
        catch (FormatException e)
        {
            return (null, e.Message);
        }
    }

    private AnswerReport Connect(SpiffeId id)
    {
        if (id.Path.Length == 0) return new(Answer.No, "It is the ID of a trust domain, not of a workload.");
        if (identity.Current is not { } context) return new(Answer.No, "This service has no identity now, and therefore no bundles.");
        if (context.Bundles.Find(id.TrustDomain) is not { } bundle) return new(Answer.No, $"There is no bundle of its trust domain '{id.TrustDomain}': federate the two trust domains.");
        if (bundle.Authorities.IsEmpty) return new(Answer.No, $"The bundle of its trust domain '{id.TrustDomain}' has no authority.");
        return PatternList.Allows(_allowed, id, identity)
            ? new(Answer.Yes, "It is one of the allowed peers, and the bundle of its trust domain is available.")
            : new(Answer.No, $"It is not one of the allowed peers: {PatternList.Describe(_allowed)}. Add it, or a pattern that matches it, to 'Spiffe:AllowedPeers'.");
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A policy provider of the application may fail; the page shows it and the other endpoints.")]
    private async Task<EndpointReport> ReadAsync(RouteEndpoint endpoint, string? defaultScheme, SpiffeId? id)
    {
        var methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods is { Count: > 0 } some ? string.Join(", ", some) : "any";
        var pattern = "/" + endpoint.RoutePattern.RawText?.TrimStart('/');
        Answer? open = id is null ? null : Answer.Yes;
        if (endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null) return new(methods, pattern, "Any caller: AllowAnonymous disables the requirements.", [], open);
        try
        {
            var policy = await EndpointPolicy.FindAsync(endpoint, services.GetRequiredService<IAuthorizationPolicyProvider>());
            if (policy is null) return new(methods, pattern, "Any caller that can connect: no policy.", [], open);

            var scheme = SchemeOf(policy, defaultScheme);
            ImmutableArray<RuleReport> rules = [.. policy.Requirements.Select(requirement => RuleReader.Read(requirement, scheme, id)).Distinct()];
            return new(methods, pattern, null, rules, id is null ? null : Sum(rules));
        }
        catch (Exception e)
        {
            return new(methods, pattern, $"Its policy cannot be read: {e.Message}", [], id is null ? null : Answer.No);
        }
    }

    // The scheme of the application that authenticates the caller; null if it is one of ours.
    private string? SchemeOf(AuthorizationPolicy policy, string? defaultScheme) => policy.AuthenticationSchemes switch
    {
        [] => _schemes.Contain(defaultScheme) ? null : defaultScheme ?? "none",
        var named => named.Any(_schemes.Contain) ? null : string.Join(", ", named),
    };

    private static Answer Sum(ImmutableArray<RuleReport> rules) =>
        rules.Any(static rule => rule.Answer?.Answer == Answer.No) ? Answer.No
        : rules.Any(static rule => rule.Answer?.Answer == Answer.Depends) ? Answer.Depends : Answer.Yes;
}
