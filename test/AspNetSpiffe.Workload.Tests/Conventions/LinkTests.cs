using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.Conventions;

/// <summary>Where the pages and the messages of the code lead: each page and each heading that they name exists.</summary>
public sealed partial class LinkTests
{
    [Fact]
    public void Every_link_of_a_page_leads_somewhere()
    {
        string[] pages = [.. Directory.GetFiles(Repository.Root, "*.md"), .. new[] { "docs", "samples" }.SelectMany(folder => Directory.EnumerateFiles(Repository.PathOf(folder), "*.md", SearchOption.AllDirectories))];
        var links = pages.SelectMany(page => Link().Matches(WithoutCode(File.ReadAllText(page))).Select(link => (From: page, To: link.Groups[1].Value)))
            .Where(link => !link.To.Contains("://", StringComparison.Ordinal) && !link.From.Contains("node_modules", StringComparison.Ordinal)).ToList();
        Assert.Contains(links, link => link.To == "reference/log-events.md#peerrefused");
        Assert.Empty(links.Where(link => !Exists(link.From, link.To)).Select(link => $"{Path.GetRelativePath(Repository.Root, link.From)} → {link.To}"));
    }

    [Fact]
    public void Every_page_that_a_message_names_is_there()
    {
        var named = SourceFile.ReadAll(Repository.PathOf("src")).SelectMany(file => PageName().Matches(file.Text).Select(name => (file.Path, To: name.Value))).ToList();
        Assert.Contains(named, name => name.To == "docs/rejections.md#tokens");
        Assert.Empty(named.Where(name => !Exists(Repository.PathOf("README.md"), name.To)).Select(name => $"{name.Path} → {name.To}"));
    }

    [Theory]
    [InlineData("peers", "PeerRefused")]
    [InlineData("tokens", "TokenRefused")]
    [InlineData("forwarded", "ForwardedCertificateRefused")]
    public void A_kind_of_refusal_leads_to_its_event_and_back(string kind, string name)
    {
        var refusals = File.ReadAllText(Repository.PathOf("docs", "rejections.md"));
        var events = File.ReadAllText(Repository.PathOf("docs", "reference", "log-events.md"));
        Assert.Contains($"[`{name}`](reference/log-events.md#{name.ToLowerInvariant()})", SectionOf(refusals, $"<a id=\"{kind}\"></a>\n\n## "), StringComparison.Ordinal);
        Assert.Contains($"](../rejections.md#{kind})", SectionOf(events, $"\n## {name}\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("docs/rejections.md", true)]
    [InlineData("docs/rejections.md#tokens", true)]
    [InlineData("docs/rejections.md#what-it-refuses", false)]
    [InlineData("docs/no-page.md", false)]
    [InlineData("docs/decisions", true)]
    [InlineData("#with-spire", true)]
    [InlineData("#tokens-jwt-svids", false)]
    public void A_link_that_leads_nowhere_is_found(string link, bool exists) => Assert.Equal(exists, Exists(Repository.PathOf("README.md"), link));

    private static bool Exists(string from, string link)
    {
        var (target, anchor) = link.Split('#') switch { [var page, var heading] => (page, heading), _ => (link, "") };
        var path = target.Length == 0 ? from : Path.Combine(Path.GetDirectoryName(from)!, target);
        return anchor.Length == 0 ? Path.Exists(path) : File.Exists(path) && AnchorsOf(File.ReadAllText(path)).Contains(anchor);
    }

    // As GitHub makes them: the heading in lower case, without punctuation, and with hyphens for spaces.
    private static HashSet<string> AnchorsOf(string page) =>
        [.. Anchor().Matches(page).Select(id => id.Groups[1].Value), .. Heading().Matches(WithoutCode(page)).Select(heading => Punctuation().Replace(heading.Groups[1].Value, "").ToLowerInvariant().Replace(' ', '-'))];

    private static string SectionOf(string page, string begin) => page[page.IndexOf(begin, StringComparison.Ordinal)..][begin.Length..].Split("\n## ")[0];

    private static string WithoutCode(string page) => Fence().Replace(page, "");

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"docs/[\w/-]+\.md(#[\w-]+)?")]
    private static partial Regex PageName();

    [GeneratedRegex("id=\"([^\"]+)\"")]
    private static partial Regex Anchor();

    [GeneratedRegex(@"(?m)^#+ (.+)$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex Punctuation();

    [GeneratedRegex(@"(?ms)^```.*?^```")]
    private static partial Regex Fence();
}
