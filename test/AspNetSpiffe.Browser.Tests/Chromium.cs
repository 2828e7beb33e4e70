using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(AspNetSpiffe.Browser.Tests.Chromium))]
[assembly: AssemblyFixture(typeof(AspNetSpiffe.Browser.Tests.OrdersService))]

namespace AspNetSpiffe.Browser.Tests;

/// <summary>Debian's chromium, one for all tests, with a profile of its own. Nothing is downloaded: the driver is in the package.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic"],
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>Opens a window.</summary>
    public async Task<IPage> OpenAsync(View view)
    {
        var context = await _browser!.NewContextAsync(new()
        {
            ColorScheme = view == View.Dark ? ColorScheme.Dark : ColorScheme.Light,
            ViewportSize = view == View.Phone ? new() { Width = 390, Height = 844 } : new() { Width = 1280, Height = 800 },
        });
        return await context.NewPageAsync();
    }
}

/// <summary>How the page is looked at.</summary>
public enum View
{
    Light,
    Dark,
    Phone,
}
