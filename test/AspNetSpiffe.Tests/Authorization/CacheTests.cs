using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Authorization;

/// <summary>No cache answers in place of a check, and no refusal is cached, in applications whose default scheme is another.</summary>
public sealed class CacheTests
{
    private static readonly string[] Paths = ["/word", "/policy", "/always"];

    [Theory, Trait("Trial", "H-06")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_output_cache_serves_nobody_elses_answer_whether_it_stands_before_or_after_authorization(bool before)
    {
        await using var server = await StartAsync(before);
        foreach (var path in Paths)
        {
            server.Peer = Peers.Web;
            var first = await server.GetAsync(path);
            Assert.Equal(HttpStatusCode.OK, first.Status);
            server.Peer = Peers.Ops;
            Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync(path));
            server.Peer = null;
            Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync(path));

            // Not stored at all, so the one who may gets a new answer.
            server.Peer = Peers.Web;
            Assert.NotEqual(first, await server.GetAsync(path));
        }
    }

    [Theory, Trait("Trial", "H-06")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_refusal_is_not_cached_whatever_its_request_looks_like(bool before)
    {
        await using var server = await StartAsync(before);
        foreach (var path in Paths)
        {
            server.Peer = Peers.Ops;
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Content = new ByteArrayContent([]) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } } };
            using var refusal = await server.Http1.SendAsync(request);
            Assert.Equal(HttpStatusCode.Forbidden, refusal.StatusCode);
            server.Peer = Peers.Web;
            Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(path));
        }
    }

    [Fact, Trait("Trial", "H-06")]
    public async Task A_response_cache_after_authorization_serves_only_whom_authorization_lets_pass()
    {
        await using var server = await PeerServer.StartWithAsync(
            builder => AddUsers(builder.Services).AddResponseCaching(),
            app =>
            {
                app.UseAuthorization();
                app.UseResponseCaching();
                app.MapGet("/word", (HttpContext http) =>
                {
                    http.Response.GetTypedHeaders().CacheControl = new() { Public = true, MaxAge = TimeSpan.FromMinutes(1) };
                    return "secret";
                }).RequireSpiffe(Peers.Web.ToString());
            });

        server.Peer = Peers.Web;
        Assert.Equal((HttpStatusCode.OK, "secret"), await server.GetAsync("/word"));
        server.Peer = Peers.Ops;
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/word"));
    }

    private static Task<PeerServer> StartAsync(bool before) => PeerServer.StartWithAsync(
        builder => AddUsers(builder.Services).AddOutputCache(),
        app =>
        {
            var answers = 0;
            app.UseRouting();
            if (before) app.UseOutputCache();
            app.UseAuthentication();
            app.UseAuthorization();
            if (!before) app.UseOutputCache();
            app.MapGet("/word", () => $"secret {answers++}").RequireSpiffe(Peers.Web.ToString()).CacheOutput();
            app.MapGet("/policy", () => $"secret {answers++}").RequireAuthorization(new AuthorizeAttribute(Peers.Web.ToString()) { AuthenticationSchemes = "Spiffe" }).CacheOutput();
            if (before) app.MapGet("/always", () => $"secret {answers++}").RequireSpiffe(Peers.Web.ToString()).CacheOutput(policy => policy.AddPolicy<CacheAlways>(), excludeDefaultPolicy: true);
            else app.MapGet("/always", () => $"secret {answers++}").RequireSpiffe(Peers.Web.ToString()).CacheOutput();
        });

    private static IServiceCollection AddUsers(IServiceCollection services)
    {
        services.AddSpiffeServerSecurity().AddAuthentication("User").AddScheme<UserOptions, UserHandler>("User", null);
        return services;
    }

    private sealed class CacheAlways : IOutputCachePolicy
    {
        public ValueTask CacheRequestAsync(OutputCacheContext context, CancellationToken cancellation)
        {
            (context.EnableOutputCaching, context.AllowCacheLookup, context.AllowCacheStorage) = (true, true, true);
            return ValueTask.CompletedTask;
        }

        public ValueTask ServeFromCacheAsync(OutputCacheContext context, CancellationToken cancellation) => ValueTask.CompletedTask;

        public ValueTask ServeResponseAsync(OutputCacheContext context, CancellationToken cancellation) => ValueTask.CompletedTask;
    }
}
