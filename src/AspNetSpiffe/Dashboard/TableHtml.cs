namespace AspNetSpiffe;

/// <summary>A table with a caption, in a scrollable region that can be focused by keyboard.</summary>
internal static class TableHtml
{
    public static Html Write(string caption, IEnumerable<string> heads, IEnumerable<Html> rows, string none) => Write(caption, Html.Of($"{heads.Select(Head)}"), [.. rows], none);

    public static Html Write(string caption, Html heads, IReadOnlyCollection<Html> rows, string none) => rows.Count == 0 ? Html.Of($"<p class=\"muted\">{none}</p>") : Html.Of($"""
        <div class="scroll" role="region" tabindex="0" aria-label="{caption}"><table><caption>{caption}</caption>
        <thead><tr>{heads}</tr></thead><tbody>
        {rows}
        </tbody></table></div>
        """);

    public static Html Head(string text) => Html.Of($"<th scope=\"col\">{text}</th>");
}
