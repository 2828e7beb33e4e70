using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Reads the policy names of all endpoints once the pipeline is built and before the server listens: a malformed one fails the start, and so does one that may mean
/// the peer or the token.</summary>
internal sealed class PolicyNameCheck(SpiffePolicies policies, IOptions<AuthorizationOptions> options) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        next(app);
        if (app.ApplicationServices.GetService<EndpointDataSource>() is not { } source) return;

        using var scope = app.ApplicationServices.CreateScope();
        var provider = scope.ServiceProvider.GetRequiredService<IAuthorizationPolicyProvider>();
        foreach (var endpoint in source.Endpoints)
        {
            var (own, methods) = (OwnOf(endpoint).ToArray(), MethodsOf(endpoint).ToArray());
            SchemeCheck.Check(endpoint, own, methods, provider, scope.ServiceProvider);
            foreach (var name in own.Concat(methods).Select(data => data.Policy!).Where(SpiffePolicies.IsPattern))
            {
                var policy = Compile(endpoint, name);
                if (provider is not SpiffePolicyProvider) Teach(provider, endpoint, name, policy);
            }
        }
    };

    private static IEnumerable<IAuthorizeData> OwnOf(Endpoint endpoint) =>
        endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>()
            .Concat(endpoint.Metadata.GetOrderedMetadata<AuthorizeFilter>().SelectMany(filter => filter.AuthorizeData ?? []));

    private static IEnumerable<IAuthorizeData> MethodsOf(Endpoint endpoint) =>
        endpoint.Metadata.GetOrderedMetadata<HubMetadata>().SelectMany(hub => OfMethods(hub.HubType));

    // The methods of a hub are no endpoints: their attributes are not among the metadata.
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "SignalR keeps the methods of a hub; one that is trimmed cannot be called.")]
    private static IEnumerable<IAuthorizeData> OfMethods(Type hub) => hub.GetMethods().SelectMany(method => method.GetCustomAttributes(inherit: true).OfType<IAuthorizeData>());

    private AuthorizationPolicy Compile(Endpoint endpoint, string name)
    {
        try
        {
            return policies.Get(name);
        }
        catch (FormatException mistake)
        {
            throw new InvalidOperationException($"The endpoint '{endpoint.DisplayName}' has a policy that cannot be. {mistake.Message}", mistake);
        }
    }

    // A provider that the application registered after ours took our place. Most of them ask the options in the end.
    private void Teach(IAuthorizationPolicyProvider provider, Endpoint endpoint, string name, AuthorizationPolicy policy)
    {
        if (options.Value.GetPolicy(name) is null) options.Value.AddPolicy(name, policy);

        // The options compare names without case, and paths have it: what comes back may be the policy of another name.
        var known = provider.GetPolicyAsync(name).GetAwaiter().GetResult();
        var requirement = policy.Requirements.OfType<SpiffeRequirement>().Single();
        if (known is null || !known.Requirements.OfType<SpiffeRequirement>().Any(r => r.Pattern.Equals(requirement.Pattern)))
            throw new InvalidOperationException(
                $"The policy provider '{provider.GetType()}' does not know the policy '{name}' of the endpoint '{endpoint.DisplayName}'. " +
                "Register it before the call of 'UseSpiffeMtls()', which then answers for such names and asks it for all others.");
    }
}
