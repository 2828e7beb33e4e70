using System.Reflection;

namespace AspNetSpiffe.Reference;

/// <summary>A page of docs/reference.</summary>
/// <param name="Name">The name of its file.</param>
/// <param name="Write">Makes its Markdown from the assemblies; a <see cref="FormatException"/> says what they lack.</param>
internal sealed record Page(string Name, Func<IReadOnlyList<Assembly>, string> Write)
{
    public static IReadOnlyList<Page> All { get; } = [new("log-events.md", LogEventPage.Write), new("metrics.md", MetricPage.Write)];

    /// <summary>Gets the assemblies that are shipped and have something to tell an operator.</summary>
    public static IReadOnlyList<Assembly> Assemblies { get; } = [typeof(X509Source).Assembly, typeof(SpiffeServerOptions).Assembly, typeof(DevAgent).Assembly];
}
