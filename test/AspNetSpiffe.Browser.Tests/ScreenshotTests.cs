using AspNetSpiffe.TestKit;
using Microsoft.Playwright;

namespace AspNetSpiffe.Browser.Tests;

/// <summary>Draws the pictures of docs/diagnostics.md: <c>ASPNETSPIFFE_SCREENSHOTS=1 build/test --filter ScreenshotTests</c>.</summary>
public sealed class ScreenshotTests(Chromium chromium, OrdersService service)
{
    public static bool IsAsked => Environment.GetEnvironmentVariable("ASPNETSPIFFE_SCREENSHOTS") == "1";

    [Theory(Skip = "Only where ASPNETSPIFFE_SCREENSHOTS is 1.", SkipUnless = nameof(IsAsked))]
    [InlineData(View.Light, OrdersService.Courier)]
    [InlineData(View.Dark, "")]
    [InlineData(View.Phone, OrdersService.Courier)]
    public async Task A_picture_is_drawn(View view, string id)
    {
        var page = await chromium.OpenAsync(view);
        await page.GotoAsync($"{service.PageAddress}?id={id}");

        // The dark one shows the other half of the page.
        var top = view == View.Dark ? (await page.Locator("section", new() { Has = page.Locator("#access") }).BoundingBoxAsync())!.Y - 16 : 0;
        var clip = new Clip { Y = top, Width = page.ViewportSize!.Width, Height = view == View.Phone ? 2400 : 1850 };
        await page.ScreenshotAsync(new() { Path = Repository.PathOf("docs", "diagnostics", $"{view}.png".ToLowerInvariant()), Clip = clip, FullPage = true });
    }
}
