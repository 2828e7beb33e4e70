using AspNetSpiffe.TestKit;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace AspNetSpiffe.Browser.Tests;

/// <summary>The documentation site in a browser: a start page, a tutorial, a page of the reference.</summary>
public sealed class DocumentationSiteTests(Chromium chromium, DocumentationSite site) : IClassFixture<DocumentationSite>
{
    public static bool IsAsked => ScreenshotTests.IsAsked;

    public static TheoryData<string> Pages => ["index.html", "tutorials/first-service.html", "reference/options.html", "explanation/handshake.html", "api/AspNetSpiffe.SpiffeId.html"];

    [Theory, MemberData(nameof(Pages))]
    public async Task A_page_asks_for_nothing_outside_the_site_and_the_browser_complains_of_nothing(string name)
    {
        List<string> outside = [];
        List<string> complaints = [];
        var page = await chromium.OpenAsync(View.Light);
        page.Request += (_, request) => outside.AddRange(request.Url.StartsWith(site.Address, StringComparison.Ordinal) || request.Url.StartsWith("data:", StringComparison.Ordinal) || request.Url.StartsWith("blob:", StringComparison.Ordinal) ? [] : [request.Url]);
        page.Console += (_, message) => complaints.AddRange(message.Type is "error" or "warning" ? [message.Text] : []);
        page.PageError += (_, error) => complaints.Add(error);
        page.Response += (_, response) => complaints.AddRange(response.Status >= 400 ? [$"{response.Status} {response.Url}"] : []);
        await page.GotoAsync(site.Address + name, new() { WaitUntil = WaitUntilState.NetworkIdle });

        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Tutorials" }).First).ToBeVisibleAsync();
        Assert.Empty(outside);
        Assert.Empty(complaints);
    }

    [Theory]
    [InlineData(View.Light)]
    [InlineData(View.Dark)]
    [InlineData(View.Phone)]
    public async Task Nothing_but_tables_and_code_is_wider_than_the_window_and_axe_finds_nothing_grave(View view)
    {
        foreach (var name in (string[])["index.html", "tutorials/first-service.html", "reference/metrics.html"])
        {
            var page = await chromium.OpenAsync(view);
            await page.GotoAsync(site.Address + name, new() { WaitUntil = WaitUntilState.NetworkIdle });
            Assert.Equal(page.ViewportSize!.Width, await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));
            // The bars around it are the template's.
            var result = await page.Locator("article").RunAxe();
            Assert.Equal([], result.Violations.Where(static violation => violation.Impact is "serious" or "critical").Select(violation => $"{name} {violation.Id}: {string.Join(" ", violation.Nodes.Select(node => node.Html))}"));
        }
    }

    [Fact]
    public void The_index_for_programs_has_a_line_for_each_page_which_is_there_as_Markdown()
    {
        var lines = File.ReadAllLines(Repository.PathOf("artifacts", "site", "llms.txt")).Where(line => line.StartsWith("- [", StringComparison.Ordinal)).ToArray();
        Assert.All(lines, line => Assert.Matches(@"^- \[.+\]\(\S+\.md\): .+$", line));
        var named = lines.Select(line => line.Split("](")[1].Split(')')[0]).ToArray();
        Assert.Equal(named.Distinct(), named);
        var pages = Directory.EnumerateFiles(Repository.PathOf("artifacts", "site"), "*.md", SearchOption.AllDirectories).Select(page => Path.GetRelativePath(Repository.PathOf("artifacts", "site"), page));
        Assert.Equal(pages.Where(page => page != "index.md").Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }

    [Theory(Skip = "Only where ASPNETSPIFFE_SCREENSHOTS is 1.", SkipUnless = nameof(IsAsked))]
    [InlineData(View.Light, "index.html", "site-light.png")]
    [InlineData(View.Dark, "tutorials/first-service.html", "site-dark.png")]
    [InlineData(View.Phone, "reference/rejection-reasons.html", "site-phone.png")]
    public async Task A_picture_is_drawn(View view, string name, string picture)
    {
        var page = await chromium.OpenAsync(view);
        await page.GotoAsync(site.Address + name, new() { WaitUntil = WaitUntilState.NetworkIdle });
        await page.ScreenshotAsync(new() { Path = Repository.PathOf("docs", "images", picture) });
    }
}
