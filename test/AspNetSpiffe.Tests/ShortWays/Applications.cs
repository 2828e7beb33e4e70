using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Infrastructure;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Tests.ShortWays;

/// <summary>Applications in which somebody else has a say, or nobody.</summary>
internal static class Applications
{
    public static readonly IReadOnlyDictionary<string, Action<IServiceCollection>> All = new Dictionary<string, Action<IServiceCollection>>
    {
        ["nothing of its own"] = services => services.AddSpiffeServerSecurity(),
        ["a default scheme"] = services => services.AddSpiffeServerSecurity().AddAuthentication("Test").AddScheme<AuthenticationSchemeOptions, Tester>("Test", null),
        ["two schemes and no default"] = services => services.AddSpiffeServerSecurity().AddAuthentication()
            .AddScheme<AuthenticationSchemeOptions, Tester>("Test", null).AddScheme<AuthenticationSchemeOptions, Tester>("Other", null),
        ["an issuer"] = services => services.AddSpiffeServerSecurity().Configure<SpiffeAuthenticationOptions>("Spiffe", options => options.ClaimsIssuer = "us"),
        ["a clock that stands still"] = services => services.AddSpiffeServerSecurity().Configure<SpiffeAuthenticationOptions>("Spiffe", options => options.TimeProvider = new TestKit.ManualTime()),
        ["a transformation before"] = services => services.AddSingleton<IClaimsTransformation, Promoting>().AddSpiffeServerSecurity(),
        ["a transformation after"] = services => services.AddSpiffeServerSecurity().AddScoped<IClaimsTransformation>(_ => new Promoting()),
        ["ForwardAuthenticate"] = services => Forward(services, options => options.ForwardAuthenticate = "Test"),
        ["ForwardDefault"] = services => Forward(services, options => options.ForwardDefault = "Test"),
        ["ForwardDefaultSelector"] = services => Forward(services, options => options.ForwardDefaultSelector = _ => "Test"),
        ["events that nobody can make"] = services => services.AddSpiffeServerSecurity().Configure<SpiffeAuthenticationOptions>("Spiffe", options => options.EventsType = typeof(Events)),
        ["an authentication service before"] = services => services.AddSingleton<IAuthenticationService, Nobody>().AddSpiffeServerSecurity(),
        ["an authentication service after"] = services => services.AddSpiffeServerSecurity().AddSingleton<IAuthenticationService, Nobody>(),
        ["a provider of handlers"] = services => services.AddSpiffeServerSecurity().AddScoped<IAuthenticationHandlerProvider, TesterAlways>(),
        ["another handler for our scheme"] = services => services.AddSpiffeServerSecurity().AddSingleton<IAuthenticationSchemeProvider, Schemes>(),
        ["a fallback policy"] = services => services.AddSpiffeServerSecurity()
            .Configure<AuthorizationOptions>(options => options.FallbackPolicy = new([new SpiffeRequirement(SpiffeIdPattern.Parse("spiffe://example.org/ops/**"))], [])),
        ["a default policy"] = services => services.AddSpiffeServerSecurity().Configure<AuthorizationOptions>(options => options.DefaultPolicy = new([new Never()], [])),
        ["a handler that says nothing"] = services => services.AddSpiffeServerSecurity().AddSingleton<IAuthorizationHandler, Silent>(),
        ["a handler that says no, before"] = services => services.AddSingleton<IAuthorizationHandler, Refusing>().AddSpiffeServerSecurity(),
        ["a handler that says no, after"] = services => services.AddSpiffeServerSecurity().AddScoped<IAuthorizationHandler>(_ => new Refusing()),
        ["a handler that says no later"] = services => services.AddSpiffeServerSecurity().AddScoped(_ => Interlocked.Increment(ref _made) % 2 == 0 ? (IAuthorizationHandler)new Refusing() : new PassThroughAuthorizationHandler()),
        ["our handler taken away"] = services => services.AddSpiffeServerSecurity().Remove(services.Single(service => service.ImplementationType == typeof(SpiffeRequirementHandler))),
        ["a provider of authorization handlers"] = services => services.AddSpiffeServerSecurity().AddTransient<IAuthorizationHandlerProvider, RefusingProvider>(),
        ["a factory of contexts"] = services => services.AddSpiffeServerSecurity().AddTransient<IAuthorizationHandlerContextFactory, RefusingContexts>(),
        ["a judge"] = services => services.AddSpiffeServerSecurity().AddTransient<IAuthorizationEvaluator, RefusingJudge>(),
        ["an authorization service before"] = services => services.AddTransient<IAuthorizationService, RefusingService>().AddSpiffeServerSecurity(),
        ["an authorization service after"] = services => services.AddSpiffeServerSecurity().AddTransient<IAuthorizationService, RefusingService>(),
        ["a policy evaluator before"] = services => services.AddTransient<IPolicyEvaluator, RefusingEvaluator>().AddSpiffeServerSecurity(),
        ["a policy evaluator after"] = services => services.AddSpiffeServerSecurity().AddTransient<IPolicyEvaluator, RefusingEvaluator>(),
    };

    private static int _made;

    private static void Forward(IServiceCollection services, Action<SpiffeAuthenticationOptions> configure) =>
        services.AddSpiffeServerSecurity().Configure("Spiffe", configure).AddAuthentication("Spiffe").AddScheme<AuthenticationSchemeOptions, Tester>("Test", null);

    private sealed class Tester(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, UrlEncoder.Default)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() =>
            Task.FromResult(AuthenticateResult.Success(new(new(new ClaimsIdentity([new(ClaimTypes.Name, "tester")], Scheme.Name)), Scheme.Name)));
    }

    private sealed class Promoting : IClaimsTransformation
    {
        public Task<ClaimsPrincipal> TransformAsync(ClaimsPrincipal principal)
        {
            principal.AddIdentity(new([new(ClaimTypes.Role, "admin")]));
            return Task.FromResult(principal);
        }
    }

    private sealed class Events;

    private sealed class Nobody : IAuthenticationService
    {
        public Task<AuthenticateResult> AuthenticateAsync(HttpContext context, string? scheme) => Task.FromResult(AuthenticateResult.NoResult());

        public Task ChallengeAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) => Answer(context, 401);

        public Task ForbidAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) => Answer(context, 403);

        public Task SignInAsync(HttpContext context, string? scheme, ClaimsPrincipal principal, AuthenticationProperties? properties) => Task.CompletedTask;

        public Task SignOutAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) => Task.CompletedTask;

        private static Task Answer(HttpContext context, int status)
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        }
    }

    private sealed class TesterAlways(IServiceProvider services) : IAuthenticationHandlerProvider
    {
        public async Task<IAuthenticationHandler?> GetHandlerAsync(HttpContext context, string authenticationScheme)
        {
            var handler = ActivatorUtilities.CreateInstance<Tester>(services);
            await handler.InitializeAsync(new(authenticationScheme, null, typeof(Tester)), context);
            return handler;
        }
    }

    private sealed class Schemes(IOptions<AuthenticationOptions> options) : AuthenticationSchemeProvider(options)
    {
        public override Task<AuthenticationScheme?> GetSchemeAsync(string name) => Task.FromResult<AuthenticationScheme?>(new(name, null, typeof(Tester)));
    }

    private sealed class Never : IAuthorizationRequirement;

    private sealed class Silent : IAuthorizationHandler
    {
        public Task HandleAsync(AuthorizationHandlerContext context) => Task.CompletedTask;
    }

    private sealed class Refusing : IAuthorizationHandler
    {
        public Task HandleAsync(AuthorizationHandlerContext context)
        {
            context.Fail();
            return Task.CompletedTask;
        }
    }

    private sealed class RefusingProvider : IAuthorizationHandlerProvider
    {
        public Task<IEnumerable<IAuthorizationHandler>> GetHandlersAsync(AuthorizationHandlerContext context) => Task.FromResult<IEnumerable<IAuthorizationHandler>>([new Refusing()]);
    }

    private sealed class RefusingContexts : IAuthorizationHandlerContextFactory
    {
        public AuthorizationHandlerContext CreateContext(IEnumerable<IAuthorizationRequirement> requirements, ClaimsPrincipal user, object? resource) => new([.. requirements, new Never()], user, resource);
    }

    private sealed class RefusingJudge : IAuthorizationEvaluator
    {
        public AuthorizationResult Evaluate(AuthorizationHandlerContext context) => AuthorizationResult.Failed();
    }

    private sealed class RefusingService : IAuthorizationService
    {
        public Task<AuthorizationResult> AuthorizeAsync(ClaimsPrincipal user, object? resource, IEnumerable<IAuthorizationRequirement> requirements) => Task.FromResult(AuthorizationResult.Failed());

        public Task<AuthorizationResult> AuthorizeAsync(ClaimsPrincipal user, object? resource, string policyName) => Task.FromResult(AuthorizationResult.Failed());
    }

    private sealed class RefusingEvaluator(IAuthorizationService authorization) : PolicyEvaluator(authorization)
    {
        public override Task<PolicyAuthorizationResult> AuthorizeAsync(AuthorizationPolicy policy, AuthenticateResult authenticationResult, HttpContext context, object? resource) =>
            Task.FromResult(PolicyAuthorizationResult.Forbid());
    }
}
