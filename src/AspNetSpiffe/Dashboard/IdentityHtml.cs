namespace AspNetSpiffe;

/// <summary>Our SVIDs with their chains, and the bundles with the life of each authority.</summary>
internal static class IdentityHtml
{
    /// <summary>Gives the rules by which the time that an SVID has left counts down without a script.</summary>
    public static IEnumerable<Html> Countdowns(DiagnosticsReport report) => report.Svids.Select((svid, i) =>
    {
        var left = (long)Math.Max(1, Math.Floor((svid.NotAfter - report.At).TotalSeconds));
        return Html.Of($"#left-{i}::after{{animation:left-{i} {left}s steps({left}) forwards}}@keyframes left-{i}{{from{{--left:{left}}}to{{--left:0}}}}");
    });

    public static Html Svids(DiagnosticsReport report) => Html.Of($"""
        <section aria-labelledby="identity"><h2 id="identity">Identity</h2>
        {(report.Svids.IsEmpty ? Html.Of($"<p class=\"bad\">✗ There is no SVID. {report.Origin.Problem}</p>") : Html.Of($"{report.Svids.Select((svid, i) => Svid(svid, i, report.At))}"))}
        </section>
        """);

    public static Html Bundles(DiagnosticsReport report) => Html.Of($"""
        <section aria-labelledby="bundles"><h2 id="bundles">Bundles</h2>
        <p class="muted">Whom we trust: peers of these trust domains are verified with these authorities. The bar is the life of an authority; its filled part is over.</p>
        {TableHtml.Write("Authorities by trust domain", ["Trust domain", "Authority", "Valid from", "Expires", "Life"], report.Bundles.SelectMany(bundle => Rows(bundle, report.At)), "There are no bundles.")}
        </section>
        """);

    private static Html Svid(SvidReport svid, int number, DateTimeOffset now) => Html.Of($"""
        <article><h3 class="id">{svid.Id}</h3>
        <p>{(svid.IsDefault ? Html.Of($"<span class=\"badge\">in use</span> ") : default)}{(svid.Hint.Length > 0 ? Html.Of($"<span class=\"badge\">hint {svid.Hint}</span> ") : default)}
        Expires {TimeHtml.Until(svid.NotAfter, now)}<span class="countdown" id="left-{number}" aria-hidden="true"></span></p>
        <ol class="chain" aria-label="Chain of certificates, from the leaf to the authority">{svid.Chain.Select(one => Certificate(one, now))}</ol></article>
        """);

    private static Html Certificate(CertificateReport certificate, DateTimeOffset now) => Html.Of($"""
        <li class="{certificate.Kind}"><h4>{certificate.Kind}</h4><dl>
        <dt>Subject</dt><dd>{(certificate.Subject.Length == 0 ? "(empty)" : certificate.Subject)}</dd><dt>Serial</dt><dd class="code">{certificate.SerialNumber}</dd>
        <dt>Expires</dt><dd>{TimeHtml.Until(certificate.NotAfter, now)}</dd></dl></li>
        """);

    private static IEnumerable<Html> Rows(BundleReport bundle, DateTimeOffset now)
    {
        var name = Html.Of($"<span class=\"code\">{bundle.TrustDomain}</span>{(bundle.IsOurs ? Html.Of($" <span class=\"badge\">ours</span>") : default)}");
        if (bundle.Authorities.IsEmpty) return [Html.Of($"<tr><th scope=\"row\">{name}</th><td colspan=\"4\" class=\"warn\">! It has no authority, and so trusts nobody.</td></tr>")];
        return bundle.Authorities.Select(one => Html.Of($"""
            <tr><th scope="row">{name}</th><td>{one.Subject}<span class="sub code">{one.SerialNumber}</span></td>
            <td>{TimeHtml.At(one.NotBefore)}</td><td>{TimeHtml.Until(one.NotAfter, now)}</td><td>{Life(one, now)}</td></tr>
            """));
    }

    private static Html Life(CertificateReport authority, DateTimeOffset now)
    {
        var over = Math.Clamp((now - authority.NotBefore) / (authority.NotAfter - authority.NotBefore), 0, 1) * 100;
        return Html.Of($"""
            <svg class="life" role="img" aria-label="{Math.Floor(over)} % of its life is over" viewBox="0 0 100 10" preserveAspectRatio="none">
            <rect class="rest" width="100" height="10" rx="1"/><rect class="over" width="{over}" height="10" rx="1"/></svg><span class="sub">{Math.Floor(over)} % over</span>
            """);
    }
}
