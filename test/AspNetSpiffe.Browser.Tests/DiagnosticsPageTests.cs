using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace AspNetSpiffe.Browser.Tests;

/// <summary>The diagnostics page of a running service, in a browser.</summary>
public sealed class DiagnosticsPageTests(Chromium chromium, OrdersService service)
{
    public static TheoryData<View> Views => [View.Light, View.Dark, View.Phone];

    [Fact]
    public async Task An_operator_sees_the_identity_who_is_there_who_was_refused_and_whom_we_call()
    {
        var page = await OpenAsync(View.Light);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "SPIFFE diagnostics" })).ToBeVisibleAsync();
        await Expect(page.Locator(".tiles")).ToContainTextAsync("✓ Valid");
        await Expect(page.Locator(".tiles")).ToContainTextAsync("✓ Connected");
        await Expect(Section(page, "Identity").GetByRole(AriaRole.Listitem)).ToHaveCountAsync(3);
        await Expect(Section(page, "Rejections")).ToContainTextAsync("add its ID, or a pattern that matches it, to 'Spiffe:AllowedPeers'");
        await Expect(Section(page, "Rejections")).ToContainTextAsync("spiffe://stranger.example/visitor");
        await Expect(Section(page, "Rejections")).ToContainTextAsync("Expected was 'spiffe://example.org/ns/shop/sa/ledger'");
        await Expect(Row(page, "Callers", OrdersService.Cart)).ToHaveCountAsync(2);
        await Expect(Row(page, "Callers", OrdersService.Courier)).ToHaveCountAsync(1);
        await Expect(Row(page, "Calls out", "spiffe://example.org/ns/shop/sa/payments")).ToContainTextAsync("spiffe://example.org/ns/shop/sa/*");
        await Expect(Section(page, "Bundles").GetByRole(AriaRole.Img)).ToHaveCountAsync(3);
        await Expect(Row(page, "Updates", "✓ updated")).Not.ToHaveCountAsync(0);
    }

    [Fact]
    public async Task By_keyboard_alone_it_says_what_an_ID_may_call_and_why_not()
    {
        var page = await OpenAsync(View.Light);
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Skip to content" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.PressAsync("Tab");
        var field = page.GetByLabel("What may this SPIFFE ID call?");
        await Expect(field).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync(OrdersService.Courier);
        await page.Keyboard.PressAsync("Enter");

        await Expect(field).ToHaveValueAsync(OrdersService.Courier);
        await Expect(Section(page, "Who may call what")).ToContainTextAsync("✓ It may connect.");
        await Expect(Row(page, "Who may call what", "/deliveries")).ToContainTextAsync("✓ yes");
        await Expect(Row(page, "Who may call what", "/orders/{id}")).ToContainTextAsync("✗ noIt does not match 'spiffe://example.org/ns/shop/**'.");
        await Expect(Row(page, "Who may call what", "/account")).ToContainTextAsync("? depends");
    }

    [Fact]
    public async Task A_text_that_is_no_ID_is_told_at_the_field_where_it_is_wrong()
    {
        var page = await OpenAsync(View.Light, "spiffe://Example.org/<b>");
        var field = page.GetByLabel("What may this SPIFFE ID call?");
        await Expect(field).ToHaveValueAsync("spiffe://Example.org/<b>");
        await Expect(field).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(field).ToHaveAccessibleDescriptionAsync("✗ The trust domain in 'spiffe://Example.org/<b>' has the upper-case letter 'E' at position 9; trust domains are lower case.");
    }

    [Theory]
    [InlineData(View.Light, OrdersService.NotAllowed)]
    [InlineData(View.Dark, OrdersService.Courier)]
    [InlineData(View.Phone, "nobody")]
    public async Task Axe_finds_no_violation(View view, string id)
    {
        var result = await (await OpenAsync(view, id)).RunAxe();
        Assert.Equal([], result.Violations.Select(violation => $"{violation.Id}: {string.Join(" ", violation.Nodes.Select(node => node.Html))}"));
        Assert.NotEmpty(result.Passes);
    }

    [Theory, MemberData(nameof(Views))]
    public async Task Only_tables_scroll_sideways(View view)
    {
        var page = await OpenAsync(view, OrdersService.Courier);
        Assert.Equal(page.ViewportSize!.Width, await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));
    }

    [Fact]
    public async Task Nothing_but_the_page_is_asked_for_and_the_browser_complains_of_nothing()
    {
        List<string> requests = [];
        List<string> complaints = [];
        var page = await chromium.OpenAsync(View.Light);
        page.Request += (_, request) => requests.Add(request.Url);
        page.Console += (_, message) => complaints.Add(message.Text);
        page.PageError += (_, error) => complaints.Add(error);
        await page.GotoAsync(service.PageAddress, new() { WaitUntil = WaitUntilState.NetworkIdle });

        Assert.Equal([service.PageAddress], requests.Where(static url => !url.StartsWith("data:", StringComparison.Ordinal)));
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task The_time_that_is_left_counts_down_without_a_script_and_stands_still_for_who_wants_no_motion()
    {
        const string Left = "() => +getComputedStyle(document.querySelector('.countdown'), '::after').getPropertyValue('--left')";
        var page = await OpenAsync(View.Light);
        var first = await page.EvaluateAsync<int>(Left);
        Assert.InRange(first, 1, 3600);
        await page.WaitForFunctionAsync($"first => ({Left})() < first", first);

        await page.EmulateMediaAsync(new() { ReducedMotion = ReducedMotion.Reduce });
        await Expect(page.Locator(".countdown")).ToBeHiddenAsync();
    }

    private async Task<IPage> OpenAsync(View view, string id = "")
    {
        var page = await chromium.OpenAsync(view);
        await page.GotoAsync($"{service.PageAddress}?id={System.Web.HttpUtility.UrlEncode(id)}");
        return page;
    }

    private static ILocator Section(IPage page, string name) => page.GetByRole(AriaRole.Region, new() { Name = name, Exact = true });

    private static ILocator Row(IPage page, string section, string text) => Section(page, section).Locator("tbody tr", new() { HasText = text });
}
