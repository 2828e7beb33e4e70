using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The schemas of the settings, as they are committed and packed.</summary>
internal static class SchemaFiles
{
    public static string Workload { get; } = Repository.PathOf("src", "AspNetSpiffe.Workload", "ConfigurationSchema.json");

    public static string Server { get; } = Repository.PathOf("src", "AspNetSpiffe", "ConfigurationSchema.json");

    /// <summary>Says whose schema a text is.</summary>
    public static string? PackageOf(string text) => text == File.ReadAllText(Workload) ? "AspNetSpiffe.Workload" : text == File.ReadAllText(Server) ? "AspNetSpiffe" : null;
}
