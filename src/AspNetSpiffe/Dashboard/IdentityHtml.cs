namespace AspNetSpiffe;

/// <summary>The identity section: our SVIDs, each with its remaining lifetime and its chain.</summary>
internal static class IdentityHtml
{
    /// <summary>Returns the CSS rules of the countdown of each SVID's remaining lifetime, which needs no script.</summary>
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

    private static Html Svid(SvidReport svid, int number, DateTimeOffset now) => Html.Of($"""
        <article><h3>{Html.Code(svid.Id)}</h3>
        <p>{(svid.IsDefault ? Html.Of($"<span class=\"badge\">in use</span> ") : default)}{(svid.Hint.Length > 0 ? Html.Of($"<span class=\"badge\">hint {svid.Hint}</span> ") : default)}
        Expires {TimeHtml.Until(svid.NotAfter, now)}<span class="countdown" id="left-{number}" aria-hidden="true"></span></p>
        <ol class="chain" aria-label="Chain of certificates, from the leaf to the authority">{svid.Chain.Select(one => Certificate(one, now))}</ol></article>
        """);

    private static Html Certificate(CertificateReport certificate, DateTimeOffset now) => Html.Of($"""
        <li class="{certificate.Kind}"><h4>{certificate.Kind}</h4><dl>
        <dt>Subject</dt><dd>{(certificate.Subject.Length == 0 ? "(empty)" : certificate.Subject)}</dd><dt>Serial</dt><dd class="code">{certificate.SerialNumber}</dd>
        <dt>Expires</dt><dd>{TimeHtml.Until(certificate.NotAfter, now)}</dd></dl></li>
        """);
}
