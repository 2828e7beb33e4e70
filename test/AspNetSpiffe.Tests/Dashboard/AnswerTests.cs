using System.Net;
using AspNetSpiffe.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Dashboard;

/// <summary>How the page answers: as HTML or JSON, with headers that keep it where it was asked for, and with nobody's markup but its own.</summary>
public sealed class AnswerTests(ITestOutputHelper output) : DiagnosticsTest(output)
{
    [Theory]
    [InlineData("", "text/html", "text/html")]
    [InlineData("", "*/*", "text/html")]
    [InlineData("", "application/json", "application/json")]
    [InlineData("?format=json", "text/html", "application/json")]
    [InlineData("?format=html", "application/json", "text/html")]
    public async Task It_is_a_page_for_people_and_JSON_for_programs(string query, string accept, string type)
    {
        using var answer = await AskAsync(await StartAsync(), query, accept);
        Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task Its_policy_allows_its_own_style_and_nothing_else()
    {
        using var answer = await AskAsync(await StartAsync());
        var policy = Header(answer, "Content-Security-Policy");
        Assert.Matches("^default-src 'none'; style-src 'nonce-[A-Za-z0-9_-]{22}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$", policy);
        Assert.Equal(
            ("no-store", "nosniff", "no-referrer", "same-origin", "Accept"),
            (Header(answer, "Cache-Control"), Header(answer, "X-Content-Type-Options"), Header(answer, "Referrer-Policy"), Header(answer, "Cross-Origin-Resource-Policy"), Header(answer, "Vary")));

        var html = await answer.Content.ReadAsStringAsync(Timeout);
        Assert.Contains($"<style nonce=\"{policy.Split('\'')[3]["nonce-".Length..]}\">", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(" style=", html, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task No_two_answers_have_the_same_nonce()
    {
        var server = await StartAsync();
        using var one = await AskAsync(server);
        using var other = await AskAsync(server);
        Assert.NotEqual(Header(one, "Content-Security-Policy"), Header(other, "Content-Security-Policy"));
    }

    [Fact]
    public async Task HEAD_has_no_body_and_POST_is_not_allowed()
    {
        var server = await StartAsync();
        using var head = await AskAsync(server, method: HttpMethod.Head);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.NotEqual(0, head.Content.Headers.ContentLength);
        using var post = await AskAsync(server, method: HttpMethod.Post);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
    }

    [Fact]
    public async Task What_others_write_is_text()
    {
        const string Hostile = "<script>alert('1')</script>";
        Agent.Register("server", new DevIdentity("/server") { Hint = Hostile });
        var server = await StartAsync();
        var identity = server.Services.GetRequiredService<X509Source>();
        while (identity.Current?.Svids.Any(svid => svid.Hint == Hostile) != true) await identity.GetChangeToken().ChangedAsync(Timeout);

        var html = await HtmlAsync(server, $"?id={WebUtility.UrlEncode($"\"><b>{Hostile}")}");
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<b>", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("hint &lt;script&gt;", html, StringComparison.Ordinal);
        Assert.Contains("value=\"&quot;&gt;&lt;b&gt;", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hole_is_encoded_and_a_piece_is_not()
    {
        var piece = Html.Of($"<i>{"<&\"'>"}</i>");
        Assert.Equal("<i>&lt;&amp;&quot;&#x27;&gt;</i>", piece.ToString());
        Assert.Equal("<p><i>&lt;&amp;&quot;&#x27;&gt;</i>7</p>", Html.Of($"<p>{piece}{7}</p>").ToString());
        Assert.Equal("<span class=\"code\">a/<wbr>&lt;,<wbr>b</span>", Html.Code("a/<,b").ToString());
    }

    private static string Header(HttpResponseMessage answer, string name) => string.Join(", ", answer.Headers.GetValues(name));
}
