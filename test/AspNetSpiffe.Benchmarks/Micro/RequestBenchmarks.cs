using System.Security.Claims;
using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What a request on a verified connection costs, without the server around it.</summary>
public class RequestBenchmarks
{
    private const string Policy = "spiffe://example.org/ns/shop/**";

    private readonly DefaultHttpContext _http = new();
    private readonly PeerGuard _trustDomain = new(PeerRule.MemberOf("example.org"), static _ => Task.CompletedTask);
    private readonly PeerGuard _pathPrefix = new(PeerRule.HasPathPrefix("/ns/shop"), static _ => Task.CompletedTask);
    private readonly PeerGuard _pattern = new(PeerRule.Pattern(Policy), static _ => Task.CompletedTask);
    private IAuthorizationService? _authorization;
    private AuthorizationPolicy? _policy;

    [GlobalSetup]
    public async Task Setup()
    {
        var services = new ServiceCollection().AddLogging().AddSpiffeServerSecurity().BuildServiceProvider();
        _http.RequestServices = services;
        _http.Features.Set<ISpiffePeerFeature>(VerifiedConnection.Create());
        _authorization = services.GetRequiredService<IAuthorizationService>();
        _policy = await services.GetRequiredService<IAuthorizationPolicyProvider>().GetPolicyAsync(Policy);
    }

    [Benchmark]
    public SpiffeId? GetSpiffeId() => _http.GetSpiffeId();

    [Benchmark]
    public Task RequireTrustDomain() => _trustDomain.InvokeAsync(_http);

    [Benchmark]
    public Task RequirePathPrefix() => _pathPrefix.InvokeAsync(_http);

    [Benchmark]
    public Task RequireSpiffe() => _pattern.InvokeAsync(_http);

    [Benchmark]
    public Task<AuthorizationResult> EvaluatePolicy() => _authorization!.AuthorizeAsync(new ClaimsPrincipal(), _http, _policy!);
}
