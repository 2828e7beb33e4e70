using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Diagnostics;

/// <summary>LogIdentity(): the caller's ID on every log line of a request.</summary>
public sealed class LogIdentityTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_ID_of_the_caller_is_on_the_log_lines_of_its_request(bool inPipeline)
    {
        using var scopes = new ScopeRecorder();
        await using var server = await PeerServer.StartWithAsync(
            builder =>
            {
                builder.Logging.AddProvider(scopes);
                builder.Services.AddSpiffeServerSecurity();
            },
            app =>
            {
                app.Use(async (http, next) =>
                {
                    await next(http);
                    Write(app, "after");
                });
                if (inPipeline) app.LogIdentity();
                var hello = app.MapGet("/", async () =>
                {
                    await Task.Yield();
                    Write(app, "hello");
                });
                if (!inPipeline) hello.LogIdentity();
            },
            Peers.Web);

        await server.Http1.GetStringAsync("/");
        server.Peer = null;
        await server.Http1.GetStringAsync("/");

        string[] expected = ["hello: SpiffeId=spiffe://example.org/ns/shop/sa/web SpiffeId:spiffe://example.org/ns/shop/sa/web", "after: ", "hello: ", "after: "];
        Assert.Equal(expected, scopes.Lines);
    }

    [Fact]
    public async Task Without_a_provider_that_uses_scopes_it_allocates_nothing()
    {
        await using var server = await PeerServer.StartAsync(app => app.MapGet("/", (RequestDelegate)(static _ => Task.CompletedTask)).LogIdentity());
        var endpoint = Assert.Single(server.Services.GetRequiredService<EndpointDataSource>().Endpoints);
        var http = Requests.From(Peers.Web, server.Services);

        Assert.Equal(0, Allocations.Of(() => _ = endpoint.RequestDelegate!(http)));
    }

    private static void Write(WebApplication app, string line) => app.Logger.Log(LogLevel.Information, default, line, null, static (line, _) => line);

    private sealed class ScopeRecorder : ILoggerProvider, ISupportExternalScope
    {
        private readonly ConcurrentQueue<string> _lines = new();
        private IExternalScopeProvider? _scopes;

        public IEnumerable<string> Lines => _lines;

        public ILogger CreateLogger(string categoryName) => new Logger(this);

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

        public void Dispose()
        {
        }

        private string Describe()
        {
            var found = new List<string>();
            _scopes!.ForEachScope(
                static (scope, found) =>
                {
                    if (scope is IEnumerable<KeyValuePair<string, object?>> pairs && pairs.FirstOrDefault(pair => pair.Key == "SpiffeId") is { Value: { } id })
                        found.Add($"SpiffeId={id} {scope}");
                },
                found);
            return string.Join(' ', found);
        }

        private sealed class Logger(ScopeRecorder recorder) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                if (formatter(state, exception) is "hello" or "after") recorder._lines.Enqueue($"{formatter(state, exception)}: {recorder.Describe()}");
            }
        }
    }
}
