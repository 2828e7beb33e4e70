using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.Tests.ShortWays;

/// <summary>What authentication and authorization add to a request, in bytes.</summary>
public sealed class CostTests
{
    // It takes 1,984 and 2,848, and 688 without us; before the JIT and the container have compiled all, some hundreds more. A handler for each request made it 4,712 and 5,816.
    [Theory]
    [InlineData("/", 2500)]
    [InlineData("/policy", 3400)]
    public async Task A_request_allocates_no_more_than(string path, long bytes) =>
        Assert.InRange(await Pipeline.AllocatesAsync(path, bytes, Map, Peers.Web), 0, bytes);

    private static void Map(WebApplication app)
    {
        app.MapGet("/", Answer);
        app.MapGet("/policy", Answer).WithMetadata(new AuthorizeAttribute("spiffe://example.org/ns/shop/**"));
    }

    private static Task Answer(HttpContext http) => Task.CompletedTask;
}
