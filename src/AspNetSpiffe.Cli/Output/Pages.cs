namespace AspNetSpiffe.Cli.Output;

/// <summary>Links to the documentation.</summary>
internal static class Pages
{
    public const string OfTokens = "docs/rejections.md#tokens";

    public static string OfRejection(string reason) => $"docs/rejections.md#{reason.ToLowerInvariant()}";
}
