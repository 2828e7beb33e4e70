using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.Conventions;

public sealed partial class PageTests
{
    [Fact]
    public void Every_test_that_the_page_on_security_names_is_there()
    {
        var classes = Directory.EnumerateFiles(Repository.PathOf("test"), "*.cs", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension).ToHashSet(StringComparer.Ordinal);
        var named = TestName().Matches(File.ReadAllText(Repository.PathOf("docs", "security.md"))).Select(match => match.Groups[1].Value).ToArray();
        Assert.NotEmpty(named);
        Assert.Empty(named.Except(classes!));
    }

    [Fact]
    public void The_page_on_rejections_has_an_entry_for_every_reason()
    {
        var page = File.ReadAllText(Repository.PathOf("docs", "rejections.md"));
        Assert.All(Enum.GetNames<RejectionReason>().Except([nameof(RejectionReason.None)]), name =>
        {
            Assert.Contains($"`{name}`", page, StringComparison.Ordinal);
            Assert.Contains($"id=\"{name.ToLowerInvariant()}\"", page, StringComparison.Ordinal);
        });
        Assert.All(Enum.GetNames<JwtRejectionReason>().Except([nameof(JwtRejectionReason.None)]), name => Assert.Contains($"`{name}`", page, StringComparison.Ordinal));
    }

    [GeneratedRegex("`(\\w+(?:Tests|Facts))`")]
    private static partial Regex TestName();
}
