using System.Globalization;
using System.Security.Claims;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Many policies by their names: of endpoints, and of requests that name one that no endpoint has.</summary>
internal static class PolicyGrowth
{
    private const int Times = 10_000;

    public static async Task<GrowthPart> RunAsync(int[] counts)
    {
        var (start, plain) = (new Curve("to start a server with endpoints of so many policies", "ms"), new Curve("the same without policies", "ms"));
        var (memory, last) = (new Curve("memory that the policies take", "KB"), new Curve("to authorise a request with the last of them", "ns"));
        var outside = new Curve("memory after so many names that no endpoint has", "KB", "bounded");
        var pki = new TestPki("example.org");
        var identity = new TestIdentity(pki.Leaf("/server"), pki.Root.Certificate);

        // Not counted the first time: code is compiled then.
        var counted = false;
        foreach (var count in counts.Prepend(counts[0]))
        {
            var without = Cost.Alive();
            await using var bare = await GrowthHost.StartAsync(identity, map: app => Map(app, count, policies: false));
            without = Cost.Alive() - without;
            var with = Cost.Alive();
            await using var host = await GrowthHost.StartAsync(identity, map: app => Map(app, count, policies: true));
            with = Cost.Alive() - with;
            if (counted)
            {
                start.Add(count, host.StartCost);
                plain.Add(count, bare.StartCost);
                memory.Add(count, Math.Max(0, with - without) / 1e3);
            }

            var (http, user) = await RequestOf(host);
            var authorization = host.App.Services.GetRequiredService<IAuthorizationService>();
            last.Add(count, Cost.OfOne(() => Authorize(authorization, user, http, NameOf(count - 1)), Times));

            var provider = host.App.Services.GetRequiredService<IAuthorizationPolicyProvider>();
            var before = Cost.Alive();
            for (var i = 0; i < count; i++) _ = provider.GetPolicyAsync(string.Create(CultureInfo.InvariantCulture, $"spiffe://outside.example/ns/{i}/**")).IsCompletedSuccessfully;
            outside.Add(count, Math.Max(0, Cost.Alive() - before) / 1e3);
            counted = true;
        }

        return new("Policies", "policies", [start, plain, memory, last, outside]);
    }

    private static string NameOf(int i) => string.Create(CultureInfo.InvariantCulture, $"spiffe://example.org/**,spiffe://p{i}.example/**");

    private static void Map(WebApplication app, int count, bool policies)
    {
        for (var i = 0; i < count; i++)
        {
            var endpoint = app.MapGet(string.Create(CultureInfo.InvariantCulture, $"/{i}"), (RequestDelegate)(static _ => Task.CompletedTask));
            if (policies) endpoint.WithMetadata(new AuthorizeAttribute(NameOf(i)));
        }
    }

    private static async Task<(HttpContext Http, ClaimsPrincipal User)> RequestOf(GrowthHost host)
    {
        var http = new DefaultHttpContext { RequestServices = host.App.Services.CreateScope().ServiceProvider };
        http.Features.Set<ISpiffePeerFeature>(VerifiedConnection.Create());
        var user = (await http.AuthenticateAsync()).Principal!;
        http.User = user;
        return (http, user);
    }

    private static void Authorize(IAuthorizationService authorization, ClaimsPrincipal user, HttpContext http, string policy)
    {
        if (authorization.AuthorizeAsync(user, http, policy) is not { IsCompletedSuccessfully: true, Result.Succeeded: true }) throw new InvalidOperationException("It was refused.");
    }
}
