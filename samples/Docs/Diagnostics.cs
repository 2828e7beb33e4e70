namespace Docs;

/// <summary>docs/diagnostics.md</summary>
internal static class Diagnostics
{
    public static void Map(WebApplication app)
    {
        // <workloads>
        app.MapSpiffeDiagnostics("/spiffe").RequireSpiffe("spiffe://example.org/ops/**");
        // </workloads>
    }

    public static void MapForOperators(WebApplication app)
    {
        // <operators>
        app.MapSpiffeDiagnostics("/spiffe").RequireAuthorization("Operators").RequireHost("ops.example.org:9443");
        // </operators>
    }
}
