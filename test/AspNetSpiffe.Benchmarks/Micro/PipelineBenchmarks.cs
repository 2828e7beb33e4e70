using System.Security.Claims;
using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Benchmarks;

/// <summary>The caller on each log line, as an application says it, around an end that does nothing.</summary>
public class PipelineBenchmarks
{
    private readonly DefaultHttpContext _http = new(), _scoped = new();
    private readonly RequestDelegate _nothing, _logIdentity, _logIdentityInScopes;

    public PipelineBenchmarks()
    {
        var (plain, scopes) = (Services(new SilentLogs()), Services(new SilentLogs.WithScopes()));
        foreach (var (http, services) in new[] { (_http, plain), (_scoped, scopes) })
        {
            http.RequestServices = services;
            http.Features.Set<ISpiffePeerFeature>(VerifiedConnection.Create());
            http.User = http.AuthenticateAsync().GetAwaiter().GetResult().Principal ?? new ClaimsPrincipal();
        }

        _nothing = Build(plain, _ => { });
        _logIdentity = Build(plain, app => app.LogIdentity());
        _logIdentityInScopes = Build(scopes, app => app.LogIdentity());
    }

    [Benchmark(Baseline = true)]
    public Task Nothing() => _nothing(_http);

    [Benchmark]
    public Task LogIdentity() => _logIdentity(_http);

    [Benchmark]
    public Task LogIdentityInScopes() => _logIdentityInScopes(_scoped);

    private static ServiceProvider Services(ILoggerProvider logs) =>
        new ServiceCollection().AddLogging(logging => logging.AddProvider(logs)).AddSpiffeServerSecurity().BuildServiceProvider();

    private static RequestDelegate Build(IServiceProvider services, Action<IApplicationBuilder> words)
    {
        var app = new ApplicationBuilder(services);
        words(app);
        app.Run(static _ => Task.CompletedTask);
        return app.Build();
    }
}
