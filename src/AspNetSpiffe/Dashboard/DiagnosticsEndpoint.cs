using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace AspNetSpiffe;

/// <summary>Responds with the report as HTML or JSON, with headers against caching, framing and external content.</summary>
internal static class DiagnosticsEndpoint
{
    private const int NonceBytes = 16;

    public static async Task AnswerAsync(HttpContext http)
    {
        // An empty input field is no query.
        var asked = http.Request.Query["id"].ToString().Trim();
        var report = await new DiagnosticsReader(http.RequestServices).ReadAsync(asked.Length == 0 ? null : asked);
        var nonce = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(NonceBytes));
        var (type, body) = WantsJson(http.Request)
            ? ("application/json", JsonSerializer.SerializeToUtf8Bytes(report, DiagnosticsJson.Default.DiagnosticsReport))
            : ("text/html; charset=utf-8", Encoding.UTF8.GetBytes(DiagnosticsPage.Write(report, nonce).ToString()));

        Protect(http.Response.Headers, nonce);
        (http.Response.ContentType, http.Response.ContentLength) = (type, body.Length);
        if (!HttpMethods.IsHead(http.Request.Method)) await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }

    private static bool WantsJson(HttpRequest request) => request.Query["format"].ToString() switch
    {
        "json" => true,
        "html" => false,
        _ => QualityOf(request, "application/json") > QualityOf(request, "text/html"),
    };

    private static double QualityOf(HttpRequest request, string type) =>
        request.GetTypedHeaders().Accept.Where(one => one.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase)).Select(static one => one.Quality ?? 1).DefaultIfEmpty(0).Max();

    private static void Protect(IHeaderDictionary headers, string nonce)
    {
        headers.ContentSecurityPolicy = $"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.Vary = HeaderNames.Accept;
    }
}
