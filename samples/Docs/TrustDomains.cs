using AspNetSpiffe;

namespace Docs;

/// <summary>docs/how-to/trust-domains.md</summary>
internal static class TrustDomains
{
    public static void MapEndpoints(WebApplication app)
    {
        // <policies>
        app.MapGet("/invoices", (SpiffeCaller caller) => $"for {caller.Id.TrustDomain}").RequireAuthorization("spiffe://example.org/ns/shop/**,spiffe://partner.example/billing");
        app.MapGroup("/internal").RequireTrustDomain("example.org").MapGet("/", () => "ours only");
        // </policies>
    }

    public static void MapLedger(WebApplication app)
    {
        // <list>
        string[] trustDomains = ["example.org", "staging.example.org"];
        var billing = string.Join(',', trustDomains.Select(name => $"spiffe://{name}/billing"));
        app.MapGet("/ledger", () => "entries").RequireAuthorization(billing);
        // </list>
    }
}
