using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.Tests.Principal;

/// <summary>What authentication and authorization add to a request, in bytes.</summary>
public sealed class CostTests
{
    [Theory]
    [InlineData("/", 3800)]
    [InlineData("/policy", 5000)]
    [InlineData("/word", 5000)]
    public async Task A_request_allocates_no_more_than(string path, long bytes) =>
        Assert.InRange(await Pipeline.AllocatesAsync(path, bytes, Map, Peers.Web), 0, bytes);

    private static void Map(WebApplication app)
    {
        app.MapGet("/", Answer);
        app.MapGet("/policy", Answer).WithMetadata(new AuthorizeAttribute("spiffe://example.org/ns/shop/**"));
        app.MapGet("/word", Answer).WithMetadata(new RequireSpiffeAttribute("spiffe://example.org/ns/shop/**"));
    }

    private static Task Answer(HttpContext http) => Task.CompletedTask;
}
