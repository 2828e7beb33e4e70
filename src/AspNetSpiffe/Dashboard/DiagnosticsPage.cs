namespace AspNetSpiffe;

/// <summary>The report as one HTML document: no script, no external content, one inline style that the nonce allows.</summary>
internal static class DiagnosticsPage
{
    /// <summary>Writes the page.</summary>
    /// <param name="report">The report.</param>
    /// <param name="nonce">The nonce of the style in the content security policy.</param>
    public static Html Write(DiagnosticsReport report, string nonce) => Html.Of($"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>SPIFFE diagnostics{TitleOf(report)}</title>
        <link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M8 1l6 2v5c0 4-3 6-6 7-3-1-6-3-6-7V3z' fill='%231f6fbf'/%3E%3C/svg%3E">
        <style nonce="{nonce}">{Html.OfConstant(DiagnosticsStyle.Text)}{IdentityHtml.Countdowns(report)}</style>
        </head>
        <body>
        <a class="skip" href="#main">Skip to content</a>
        <header>
        <h1>SPIFFE diagnostics</h1>
        <p class="identity">{(Default(report) is { } svid ? Html.Code(svid.Id) : Html.Of($"This service has no identity."))}</p>
        <p class="muted">As of {TimeHtml.At(report.At)}. Reload for newer figures; the same as <a href="?format=json">JSON</a>.</p>
        <dl class="tiles">
        {Tile("Identity", IdentityState(report))}
        {Tile(report.Origin.IsAgent ? "Agent" : "Source", OriginState(report))}
        {Tile("Callers connected", Fact($"{report.Callers.Sum(static caller => caller.Count)}", $"{report.Callers.Length} SPIFFE IDs"))}
        {Tile("Rejected since start", RefusalState(report))}
        </dl>
        <nav aria-label="Sections"><ul>
        <li><a href="#identity">Identity</a></li><li><a href="#refusals">Rejections</a></li><li><a href="#access">Who may call what</a></li><li><a href="#callers">Callers</a></li>
        <li><a href="#calls">Calls out</a></li><li><a href="#bundles">Bundles</a></li><li><a href="#updates">Updates</a></li>
        </ul></nav>
        </header>
        <main id="main" tabindex="-1">
        {IdentityHtml.Svids(report)}
        {TrafficHtml.Refusals(report)}
        {AccessHtml.Write(report.Access)}
        {TrafficHtml.Callers(report)}
        {TrafficHtml.Calls(report)}
        {BundlesHtml.Write(report)}
        {TrafficHtml.Updates(report)}
        </main>
        </body>
        </html>
        """);

    private static string TitleOf(DiagnosticsReport report) => Default(report) is { } svid ? $": {svid.Id}" : "";

    private static SvidReport? Default(DiagnosticsReport report) => report.Svids.FirstOrDefault(static svid => svid.IsDefault);

    private static Html Tile(string title, Html content) => Html.Of($"<div><dt>{title}</dt><dd>{content}</dd></div>");

    private static Html Fact(string text, string detail, string state = "") => Html.Of($"<strong class=\"{state}\">{text}</strong> <span class=\"sub\">{detail}</span>");

    private static Html IdentityState(DiagnosticsReport report) => Default(report) switch
    {
        null => Fact("✗ None", "no connections, in or out", "bad"),
        { } svid when svid.NotAfter <= report.At => Fact("✗ Expired", $"{TimeHtml.Length(report.At - svid.NotAfter)} ago", "bad"),
        { } svid => Fact("✓ Valid", $"for {TimeHtml.Length(svid.NotAfter - report.At)}", "ok"),
    };

    private static Html OriginState(DiagnosticsReport report)
    {
        var updated = report.Origin.LastUpdate is { } last ? $"last update {TimeHtml.Length(report.At - last)} ago" : "no update yet";
        return report.Origin.IsConnected && report.Origin.Problem is null ? Fact("✓ Connected", updated, "ok") : Fact("! Error", updated, "warn");
    }

    private static Html RefusalState(DiagnosticsReport report) => report.Refusals.IsEmpty
        ? Fact("0", "no peers")
        : Fact($"{report.Refusals.Sum(static group => group.Count)}", $"last {TimeHtml.Length(report.At - report.Refusals[0].Last)} ago");
}
