using System.Net;
using Microsoft.AspNetCore.Mvc.Testing;

namespace AspNetSpiffe.Testing.Tests;

/// <summary>docs/how-to/testing.md</summary>
public sealed class GuideTests
{
    [Fact, Trait("Trial", "K-08")]
    public async Task The_lines_that_the_guide_shows_pass()
    {
        // <callers>
        await using var factory = new WebApplicationFactory<Program>();
        var cart = factory.CreateClientAs("spiffe://example.org/ns/shop/cart");
        var ledger = factory.CreateClientAs("spiffe://example.org/ns/finance/ledger");
        Assert.Equal(HttpStatusCode.OK, (await cart.GetAsync("/checkout")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await ledger.GetAsync("/checkout")).StatusCode);
        // </callers>
    }
}
