using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.ShortWays;

/// <summary>What authentication and authorization add to a request, in bytes.</summary>
public sealed class CostTests
{
    // The same pipeline without us.
    private const long Plain = 688;

    [Theory]
    [InlineData("/", Plain, false)]
    [InlineData("/", Plain + 1400, true)]
    [InlineData("/policy", Plain + 2400, true)]
    public async Task A_request_allocates_no_more_than(string path, long bytes, bool ours)
    {
        var allocated = await Pipeline.AllocatesAsync(path, bytes, services => _ = ours ? services.AddSpiffeServerSecurity() : services, Map, Peers.Web);
        Assert.InRange(allocated, 0, bytes);
    }

    private static void Map(WebApplication app)
    {
        app.MapGet("/", Answer);
        app.MapGet("/policy", Answer).WithMetadata(new AuthorizeAttribute("spiffe://example.org/ns/shop/**"));
    }

    private static Task Answer(HttpContext http) => Task.CompletedTask;
}
