using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Checks the requirements of all endpoints after the pipeline is built and before the server listens. A requirement that is malformed, has no effect or is ambiguous fails the start.</summary>
internal sealed partial class EndpointCheck(
    SpiffePolicies policies, IOptions<SpiffeSchemes> schemes, IOptions<AuthorizationOptions> authorization, IAuthenticationSchemeProvider authentication, ILogger<EndpointCheck> logger)
    : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        next(app);
        if (app.ApplicationServices.GetService<EndpointDataSource>() is not { } source) return;

        using var scope = app.ApplicationServices.CreateScope();
        var provider = scope.ServiceProvider.GetRequiredService<IAuthorizationPolicyProvider>();
        var callers = new CallerCheck(schemes.Value, authorization.Value, authentication, provider);
        foreach (var endpoint in source.Endpoints) Check(endpoint, provider, callers);
    };

    private void Check(Endpoint endpoint, IAuthorizationPolicyProvider provider, CallerCheck callers)
    {
        var (own, methods) = (OwnOf(endpoint).ToArray(), MethodsOf(endpoint).ToArray());
        string[] names = [.. own.Concat(methods).Select(data => data.Policy).Where(SpiffePolicies.IsOurs).Distinct(StringComparer.Ordinal).Select(name => name!)];
        foreach (var name in names)
        {
            var policy = Compile(endpoint, name);
            if (provider is not SpiffePolicyProvider) Teach(provider, endpoint, name, policy);
        }

        if (names.Length > 0) RequireEffect(endpoint, names.Any(SpiffePolicies.IsWord), own);
        callers.Check(endpoint, own, methods);
    }

    private static IEnumerable<IAuthorizeData> OwnOf(Endpoint endpoint) =>
        endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>()
            .Concat(endpoint.Metadata.GetOrderedMetadata<AuthorizeFilter>().SelectMany(filter => filter.AuthorizeData ?? []));

    private static IEnumerable<IAuthorizeData> MethodsOf(Endpoint endpoint) =>
        endpoint.Metadata.GetOrderedMetadata<HubMetadata>().SelectMany(hub => OfMethods(hub.HubType));

    // The methods of a hub are not endpoints: their attributes are not in the metadata.
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "SignalR keeps the methods of a hub; one that is trimmed cannot be called.")]
    private static IEnumerable<IAuthorizeData> OfMethods(Type hub) => hub.GetMethods().SelectMany(method => method.GetCustomAttributes(inherit: true).OfType<IAuthorizeData>());

    private AuthorizationPolicy Compile(Endpoint endpoint, string name)
    {
        try
        {
            return policies.GetOfEndpoint(name);
        }
        catch (FormatException mistake)
        {
            throw new InvalidOperationException($"The endpoint '{endpoint.DisplayName}' has an invalid policy. {mistake.Message}", mistake);
        }
    }

    // A policy provider that the application registered later replaced ours. Most of them fall back to the options.
    private void Teach(IAuthorizationPolicyProvider provider, Endpoint endpoint, string name, AuthorizationPolicy policy)
    {
        if (authorization.Value.GetPolicy(name) is null) authorization.Value.AddPolicy(name, policy);

        // The options compare names case-insensitively, but paths are case-sensitive: the result may be the policy of another name.
        var known = provider.GetPolicyAsync(name).GetAwaiter().GetResult();
        var requirement = policy.Requirements.Single().ToString();
        if (known is null || !known.Requirements.Any(r => r.ToString() == requirement))
            throw new InvalidOperationException(
                $"The policy provider '{provider.GetType()}' does not know the policy '{name}' of the endpoint '{endpoint.DisplayName}'. " +
                "Register it before the call of 'UseSpiffeMtls()', which then provides such policies and uses it for all others.");
    }

    private void RequireEffect(Endpoint endpoint, bool hasWord, IAuthorizeData[] own)
    {
        if (endpoint.Metadata.GetMetadata<IDynamicEndpointMetadata>() is { IsDynamic: true })
            throw new InvalidOperationException(
                $"The endpoint '{endpoint.DisplayName}' maps to a controller or a page that ASP.NET Core selects for each request, which ignores the requirement of this endpoint: any caller would be accepted. " +
                "Write '[RequireSpiffe(\"spiffe://…\")]' or '[Authorize(Policy = \"spiffe://…\")]' on the controller or page instead, or call the method on the application.");
        if (hasWord && authentication.GetSchemeAsync(SpiffeAuthenticationDefaults.AuthenticationScheme).GetAwaiter().GetResult() is null)
            throw new InvalidOperationException(
                $"The endpoint '{endpoint.DisplayName}' requires a certificate, but this application does not verify peers. " +
                "Call 'builder.WebHost.UseSpiffeMtls()', or require the owners of tokens: '[Authorize(Policy = \"spiffe://…\", AuthenticationSchemes = \"SpiffeJwt\")]'.");
        if (endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null && own.Any(data => SpiffePolicies.IsOurs(data.Policy))) Log.Lifted(logger, endpoint.DisplayName);
    }

    /// <seealso cref="EndpointCheck"/>
    private static partial class Log
    {
        /// <summary>An endpoint requires a SPIFFE ID and also has <c>AllowAnonymous</c>, which takes precedence: any caller is accepted.</summary>
        /// <remarks>Remove one of the two.</remarks>
        [LoggerMessage(
            1, LogLevel.Warning, "The endpoint '{Endpoint}' requires a SPIFFE ID but allows anonymous callers: AllowAnonymous disables the requirement. Remove one of the two.", EventName = "RequirementLifted")]
        public static partial void Lifted(ILogger logger, string? endpoint);
    }
}
