using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Each word of the pipeline, as an application says it, around an end that does nothing.</summary>
public class PipelineBenchmarks
{
    private readonly DefaultHttpContext _http = new(), _scoped = new();
    private readonly RequestDelegate _nothing, _anybody, _pattern, _trustDomain, _pathPrefix, _logIdentity, _logIdentityInScopes;

    public PipelineBenchmarks()
    {
        var (plain, scopes) = (Services(new SilentLogs()), Services(new SilentLogs.WithScopes()));
        foreach (var (http, services) in new[] { (_http, plain), (_scoped, scopes) })
        {
            http.RequestServices = services;
            http.Features.Set<ISpiffePeerFeature>(VerifiedConnection.Create());
        }

        _nothing = Build(plain, _ => { });
        _anybody = Build(plain, app => app.RequireSpiffe());
        _pattern = Build(plain, app => app.RequireSpiffe("spiffe://example.org/ns/shop/**"));
        _trustDomain = Build(plain, app => app.RequireTrustDomain("example.org"));
        _pathPrefix = Build(plain, app => app.RequirePathPrefix("/ns/shop"));
        _logIdentity = Build(plain, app => app.LogIdentity());
        _logIdentityInScopes = Build(scopes, app => app.LogIdentity());
    }

    [Benchmark(Baseline = true)]
    public Task Nothing() => _nothing(_http);

    [Benchmark]
    public Task RequireSpiffe() => _anybody(_http);

    [Benchmark]
    public Task RequireSpiffePattern() => _pattern(_http);

    [Benchmark]
    public Task RequireTrustDomain() => _trustDomain(_http);

    [Benchmark]
    public Task RequirePathPrefix() => _pathPrefix(_http);

    [Benchmark]
    public Task LogIdentity() => _logIdentity(_http);

    [Benchmark]
    public Task LogIdentityInScopes() => _logIdentityInScopes(_scoped);

    private static ServiceProvider Services(ILoggerProvider logs) => new ServiceCollection().AddLogging(logging => logging.AddProvider(logs)).BuildServiceProvider();

    private static RequestDelegate Build(IServiceProvider services, Action<IApplicationBuilder> words)
    {
        var app = new ApplicationBuilder(services);
        words(app);
        app.Run(static _ => Task.CompletedTask);
        return app.Build();
    }
}
