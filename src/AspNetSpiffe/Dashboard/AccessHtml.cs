namespace AspNetSpiffe;

/// <summary>The access section: the input field for an ID, and the matrix of endpoints and requirements.</summary>
internal static class AccessHtml
{
    // The order of evaluation: connection, caller, user, requirements of the application.
    private static readonly string[] Order = ["certificate", "caller", "user", "application"];

    public static Html Write(AccessReport access) => Html.Of($"""
        <section aria-labelledby="access"><h2 id="access">Who may call what</h2>
        <p>Who may connect: {Html.Code(access.AllowedPeers)}</p>
        <form method="get" action="#access"><label for="id">What may this SPIFFE ID call?</label>
        <div class="ask"><input id="id" name="id" type="text" inputmode="url" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="spiffe://example.org/ns/shop/sa/cart" value="{access.Asked}"{Wrong(access)}>
        <button type="submit">Show</button></div>
        {(access.Mistake is { } mistake ? Html.Of($"<p id=\"mistake\" class=\"bad\">✗ {mistake}</p>") : default)}</form>
        {Connect(access)}
        {Matrix(access)}
        <p class="muted">Read from the policies of the endpoints. What else the application refuses, in its middleware, filters or handlers, is not seen here.</p>
        </section>
        """);

    private static Html Wrong(AccessReport access) => access.Mistake is null ? default : Html.Of($" aria-invalid=\"true\" aria-describedby=\"mistake\"");

    private static Html Connect(AccessReport access) => access.Connect switch
    {
        null => default,
        { Answer: Answer.Yes } yes => Html.Of($"<p class=\"result\"><span class=\"ok\">✓ It may connect.</span> {yes.Why}</p>"),
        { } no => Html.Of($"<p class=\"result\"><span class=\"bad\">✗ It may not connect.</span> {no.Why} The following applies to it only as the owner of a token, or behind a proxy.</p>"),
    };

    private static Html Matrix(AccessReport access)
    {
        (string Of, string Demand)[] demands = [.. access.Endpoints.SelectMany(static endpoint => endpoint.Rules).Select(static rule => (rule.Of, rule.Demand)).Distinct().OrderBy(static demand => Array.IndexOf(Order, demand.Of)).ThenBy(static demand => demand.Demand, StringComparer.Ordinal)];
        var heads = Html.Of($"{TableHtml.Head("Endpoint")}{(access.Connect is null ? default : TableHtml.Head("May it call?"))}{demands.Select(Head)}");
        return TableHtml.Write("Endpoints and their requirements", heads, [.. access.Endpoints.Select(endpoint => Row(endpoint, demands))], "There are no endpoints.");
    }

    private static Html Head((string Of, string Demand) demand) => Html.Of($"<th scope=\"col\"><span class=\"sub\">{demand.Of}</span>{Html.Code(demand.Demand)}</th>");

    private static Html Row(EndpointReport endpoint, (string Of, string Demand)[] demands) => Html.Of($"""
        <tr><th scope="row"><span class="badge">{endpoint.Methods}</span> {Html.Code(endpoint.Pattern)}</th>
        {(endpoint.Answer is { } answer ? Html.Of($"<td>{Word(answer)}{Reasons(endpoint)}</td>") : default)}
        {Cells(endpoint, demands)}</tr>
        """);

    private static IEnumerable<Html> Cells(EndpointReport endpoint, (string Of, string Demand)[] demands) => endpoint.Note is { } note
        ? [Html.Of($"<td colspan=\"{Math.Max(1, demands.Length)}\" class=\"muted\">{note}</td>")]
        : demands.Select(demand => endpoint.Rules.FirstOrDefault(rule => (rule.Of, rule.Demand) == demand) switch
        {
            null => Html.Of($"<td class=\"muted\">–</td>"),
            { Answer: { } answer } => Html.Of($"<td>{Met(answer.Answer)}</td>"),
            _ => Html.Of($"<td><strong>● demanded</strong></td>"),
        });

    private static IEnumerable<Html> Reasons(EndpointReport endpoint) =>
        endpoint.Rules.Where(rule => rule.Answer?.Answer is not Answer.Yes).Select(static rule => Html.Of($"<span class=\"sub\">{rule.Answer?.Why}</span>"));

    private static Html Word(Answer answer) => answer switch
    {
        Answer.Yes => Html.Of($"<span class=\"ok\">✓ yes</span>"),
        Answer.No => Html.Of($"<span class=\"bad\">✗ no</span>"),
        _ => Html.Of($"<span class=\"warn\">? depends</span>"),
    };

    private static Html Met(Answer answer) => answer switch
    {
        Answer.Yes => Html.Of($"<span class=\"ok\">✓ met</span>"),
        Answer.No => Html.Of($"<span class=\"bad\">✗ not met</span>"),
        _ => Html.Of($"<span class=\"warn\">? open</span>"),
    };
}
