using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.DocsTests;

/// <summary>docs/how-to/testing.md</summary>
public sealed class HandlerTests
{
    [Fact]
    public void A_handler_alone_has_the_caller_that_the_test_names()
    {
        // <handler>
        var http = new DefaultHttpContext().WithSpiffeCaller("spiffe://example.org/ns/shop/cart");
        Assert.Equal("spiffe://example.org/ns/shop/cart", http.GetSpiffeId()!.ToString());
        // </handler>
    }
}
