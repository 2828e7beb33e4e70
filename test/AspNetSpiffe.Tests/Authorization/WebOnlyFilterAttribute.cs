using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc.Authorization;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Authorization;

/// <summary>Authorization the way MVC does it inside its own pipeline.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WebOnlyFilterAttribute : Attribute, IFilterFactory
{
    public bool IsReusable => true;

    public IFilterMetadata CreateInstance(IServiceProvider serviceProvider) =>
        new AuthorizeFilter(serviceProvider.GetRequiredService<IAuthorizationPolicyProvider>(), [new AuthorizeAttribute("spiffe://example.org/ns/*/sa/web")]);
}
