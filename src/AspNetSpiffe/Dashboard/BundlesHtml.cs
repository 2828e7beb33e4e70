namespace AspNetSpiffe;

/// <summary>The bundles section, with the validity period of each authority on one timeline.</summary>
internal static class BundlesHtml
{
    public static Html Write(DiagnosticsReport report)
    {
        CertificateReport[] all = [.. report.Bundles.SelectMany(static bundle => bundle.Authorities)];
        var line = all.Length == 0 ? default : new TimeLine(all.Min(static one => one.NotBefore), all.Max(static one => one.NotAfter), report.At);
        return Html.Of($"""
            <section aria-labelledby="bundles"><h2 id="bundles">Bundles</h2>
            <p class="muted">Whom we trust: peers of these trust domains are verified with these authorities.</p>
            {TableHtml.Write("Authorities by trust domain", ["Trust domain", "Authority", "Valid from", "Expires", line.Title], report.Bundles.SelectMany(bundle => Rows(bundle, line)), "There are no bundles.")}
            </section>
            """);
    }

    private static IEnumerable<Html> Rows(BundleReport bundle, TimeLine line)
    {
        var name = Html.Of($"{Html.Code(bundle.TrustDomain)}{(bundle.IsOurs ? Html.Of($" <span class=\"badge\">ours</span>") : default)}");
        if (bundle.Authorities.IsEmpty) return [Html.Of($"<tr><th scope=\"row\">{name}</th><td colspan=\"4\" class=\"warn\">! It has no authority: no peer is trusted.</td></tr>")];
        return bundle.Authorities.Select(one => Html.Of($"""
            <tr><th scope="row">{name}</th><td>{one.Subject}<span class="sub code">{one.SerialNumber}</span></td>
            <td>{TimeHtml.At(one.NotBefore)}</td><td>{TimeHtml.Until(one.NotAfter, line.Now)}</td><td>{line.Bar(one)}</td></tr>
            """));
    }

    private readonly record struct TimeLine(DateTimeOffset From, DateTimeOffset To, DateTimeOffset Now)
    {
        public string Title => $"Timeline, {TimeHtml.Day(From)} to {TimeHtml.Day(To)}";

        public Html Bar(CertificateReport one)
        {
            var (begin, end, now) = (PositionOf(one.NotBefore), PositionOf(one.NotAfter), PositionOf(Now));
            return Html.Of($"""
                <svg class="line" role="img" aria-label="{PercentOver(one)} % of its lifetime is over" viewBox="0 0 100 12" preserveAspectRatio="none">
                <rect class="axis" y="5.5" width="100" height="1"/><rect class="life" x="{begin}" y="2" width="{Math.Max(1, end - begin)}" height="8"/>
                <rect class="over" x="{begin}" y="2" width="{Math.Clamp(now - begin, 0, end - begin)}" height="8"/><rect class="now" x="{Math.Min(99.2, now)}" width=".8" height="12"/></svg>
                <span class="sub">{PercentOver(one)} % over</span>
                """);
        }

        private double PositionOf(DateTimeOffset time) => To <= From ? 0 : Math.Clamp((time - From) / (To - From), 0, 1) * 100;

        private long PercentOver(CertificateReport one) => (long)(Math.Clamp((Now - one.NotBefore) / (one.NotAfter - one.NotBefore), 0, 1) * 100);
    }
}
