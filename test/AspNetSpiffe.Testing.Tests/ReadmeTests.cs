using System.Net;
using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Mvc.Testing;

namespace AspNetSpiffe.Testing.Tests;

public sealed partial class ReadmeTests
{
    [Fact, Trait("Trial", "K-08")]
    public async Task The_lines_that_README_shows_pass()
    {
        await using var factory = new WebApplicationFactory<Program>();
        var cart = factory.CreateClientAs("spiffe://example.org/ns/shop/cart");
        var ledger = factory.CreateClientAs("spiffe://example.org/ns/finance/ledger");
        Assert.Equal(HttpStatusCode.OK, (await cart.GetAsync("/checkout")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await ledger.GetAsync("/checkout")).StatusCode);
    }

    [Fact]
    public void README_shows_the_lines_of_that_test()
    {
        var lines = Lines().Match(File.ReadAllText(Repository.PathOf("test", "AspNetSpiffe.Testing.Tests", "ReadmeTests.cs"))).Groups[1].Value;
        Assert.Contains($"```csharp\n{lines.Replace("        ", "", StringComparison.Ordinal)}```", File.ReadAllText(Repository.PathOf("README.md")), StringComparison.Ordinal);
    }

    [GeneratedRegex("The_lines_that_README_shows_pass\\(\\)\n    {\n((?:        .*\n)+)    }")]
    private static partial Regex Lines();
}
