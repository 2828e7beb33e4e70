using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>docs/other-languages.md shows the code that these tests run.</summary>
public sealed class PageTests
{
    [Theory]
    [InlineData("js", "node", "spiffe.mjs")]
    [InlineData("python", "python", "spiffe.py")]
    public void The_page_about_other_languages_shows_the_code_that_the_tests_run(string name, string folder, string file)
    {
        var page = File.ReadAllText(Repository.PathOf("docs", "other-languages.md"));
        var code = File.ReadAllText(Repository.PathOf("test", "AspNetSpiffe.Interop.Tests", folder, file));
        Assert.Contains($"```{name}\n{code}```", page, StringComparison.Ordinal);
    }
}
