namespace AspNetSpiffe;

/// <summary>The sections of connected callers, rejected peers, called servers, and events of our identity.</summary>
internal static class TrafficHtml
{
    public static Html Callers(DiagnosticsReport report) => Html.Of($"""
        <section aria-labelledby="callers"><h2 id="callers">Callers</h2>
        {TableHtml.Write("Open connections by caller", ["Caller", "From", "Since", "Valid until", "State"], report.Callers.SelectMany(caller => Rows(caller, report.At)), "No caller with an SVID is connected.")}
        </section>
        """);

    public static Html Refusals(DiagnosticsReport report) => Html.Of($"""
        <section aria-labelledby="refusals"><h2 id="refusals">Rejections</h2>
        {(report.Refusals.IsEmpty ? Html.Of($"<p class=\"muted\">No peer has been rejected since start.</p>") : Html.Of($"{report.Refusals.Select(group => Refusal(group, report.At))}"))}
        </section>
        """);

    public static Html Calls(DiagnosticsReport report) => Html.Of($"""
        <section aria-labelledby="calls"><h2 id="calls">Calls out</h2>
        {TableHtml.Write("Clients, expected servers and connected servers", ["Expected", "Connected", "At", "Valid until"], report.Clients.SelectMany(client => Rows(client, report.At)), "No client with an identity has been created.")}
        </section>
        """);

    public static Html Updates(DiagnosticsReport report) => Html.Of($"""
        <section aria-labelledby="updates"><h2 id="updates">Updates</h2>
        <p>From {report.Origin.Name}.</p>
        {(report.Origin.Problem is { } problem ? Html.Of($"<p class=\"warn\">! {problem}</p>") : default)}
        {report.Origin.Remarks.Select(static remark => Html.Of($"<p class=\"warn\">! {remark}</p>"))}
        {TableHtml.Write("The last 20 updates", ["When", "What", "Times"], report.Origin.Events.Select(one => Row(one, report.At)), "No update yet.")}
        </section>
        """);

    private static IEnumerable<Html> Rows(CallerReport caller, DateTimeOffset now)
    {
        var rest = caller.Count - caller.Connections.Length;
        return caller.Connections
            .Select(one => Html.Of($"""
                <tr><th scope="row">{Html.Code(caller.Id)}</th><td>{Html.Code(one.Remote)}</td><td>{TimeHtml.Since(one.Since, now)}</td><td>{TimeHtml.Until(one.ValidUntil, now)}</td><td>{one.State}</td></tr>
                """))
            .Concat(rest > 0 ? [Html.Of($"<tr><th scope=\"row\">{Html.Code(caller.Id)}</th><td colspan=\"4\">and {rest} more, the oldest since {TimeHtml.At(caller.Since)}</td></tr>")] : []);
    }

    private static Html Refusal(SpiffeRefusalGroup group, DateTimeOffset now) => Html.Of($"""
        <article><h3>{Html.Code(group.Reason)} <span class="badge">{group.Kind}</span> <span class="badge">{group.Count} ×</span></h3>
        <p>{group.Advice}</p>
        <p class="muted">{(group.Count > 1 ? Html.Of($"First {TimeHtml.At(group.First)}, last") : Html.Of($"Last"))} {TimeHtml.Since(group.Last, now)}. The SPIFFE IDs are claimed, not verified:</p>
        <ul class="plain">{group.Examples.Select(Example)}</ul></article>
        """);

    private static Html Example(SpiffeRefusal one) =>
        Html.Of($"<li>{TimeHtml.At(one.At)} {(one.ClaimedId is { } id ? Html.Code(id.ToString()) : Html.Of($"no SPIFFE ID"))} <span class=\"muted\">{(one.Remote is { } remote ? $"at {remote}" : "")}</span></li>");

    private static IEnumerable<Html> Rows(SpiffeClientStatus client, DateTimeOffset now)
    {
        var expected = Html.Of($"<th scope=\"row\">{Html.Code(client.Expected?.ToString() ?? "a Web PKI certificate")}</th>");
        if (client.Connections.IsEmpty) return [Html.Of($"<tr>{expected}<td colspan=\"3\" class=\"muted\">no open connection to a server with a SPIFFE ID</td></tr>")];
        return client.Connections.Select(one => Html.Of($"""
            <tr>{expected}<td>{Html.Code(one.ServerId.ToString())}</td><td>{Html.Code(one.Authority)}</td><td>{TimeHtml.Until(one.ValidUntil, now)}</td></tr>
            """));
    }

    private static Html Row(SpiffeWatchEvent one, DateTimeOffset now) => Html.Of($"""
        <tr><td>{TimeHtml.Since(one.At, now)}</td><td>{What(one)}</td><td>{one.Times}</td></tr>
        """);

    private static Html What(SpiffeWatchEvent one) => (one.IsUpdate, one.Problem) switch
    {
        (_, null) => Html.Of($"<span class=\"ok\">✓ updated</span>"),
        (true, { } problem) => Html.Of($"<span class=\"bad\">✗ update rejected</span> {problem}"),
        (false, { } problem) => Html.Of($"<span class=\"warn\">! no connection</span> {problem}"),
    };
}
