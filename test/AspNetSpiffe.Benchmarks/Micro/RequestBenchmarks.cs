using System.Security.Claims;
using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What a request on a verified connection costs, without the server around it.</summary>
public class RequestBenchmarks
{
    private readonly DefaultHttpContext _http = new();
    private IServiceScopeFactory? _scopes;
    private IAuthorizationService? _authorization;
    private AuthorizationPolicy? _policy;
    private AuthorizationPolicy? _word;
    private ClaimsPrincipal? _user;

    [GlobalSetup]
    public async Task Setup()
    {
        var services = new ServiceCollection().AddLogging().AddSpiffeServerSecurity().BuildServiceProvider();
        _http.RequestServices = services;
        _http.Features.Set<ISpiffePeerFeature>(VerifiedConnection.Create());
        _scopes = services.GetRequiredService<IServiceScopeFactory>();
        _authorization = services.GetRequiredService<IAuthorizationService>();
        _policy = await services.GetRequiredService<IAuthorizationPolicyProvider>().GetPolicyAsync("spiffe://example.org/ns/shop/**");
        _word = await services.GetRequiredService<IAuthorizationPolicyProvider>().GetPolicyAsync(new RequireSpiffeAttribute("spiffe://example.org/ns/shop/**").Policy);
        _http.User = _user = (await _http.AuthenticateAsync()).Principal!;
    }

    [Benchmark]
    public SpiffeId? GetSpiffeId() => _http.GetSpiffeId();

    // With a scope of its own, as each request has: a handler is made for it.
    [Benchmark]
    public async Task<AuthenticateResult> Authenticate()
    {
        using var scope = _scopes!.CreateScope();
        _http.RequestServices = scope.ServiceProvider;
        return await _http.AuthenticateAsync("Spiffe");
    }

    [Benchmark]
    public Task<AuthorizationResult> EvaluatePolicy() => _authorization!.AuthorizeAsync(_user!, _http, _policy!);

    [Benchmark]
    public async Task<AuthorizationResult> EvaluateWord()
    {
        using var scope = _scopes!.CreateScope();
        _http.RequestServices = scope.ServiceProvider;
        return await _authorization!.AuthorizeAsync(_user!, _http, _word!);
    }
}
