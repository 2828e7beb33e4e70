using System.Reflection;

namespace AspNetSpiffe.Reference;

/// <summary>A file that is made from the code: a page of docs/reference, or the schema of a package's settings.</summary>
/// <param name="Path">Where it is in the repository.</param>
/// <param name="Write">Makes its text from the assemblies; a <see cref="FormatException"/> says what they lack.</param>
internal sealed record Page(string Path, Func<IReadOnlyList<Assembly>, string> Write)
{
    public static IReadOnlyList<Page> All { get; } =
    [
        new("docs/reference/log-events.md", LogEventPage.Write),
        new("docs/reference/metrics.md", MetricPage.Write),
        new("docs/reference/options.md", _ => OptionsPage.Write()),
        new("docs/reference/rejection-reasons.md", _ => ReasonPage.Write()),
        new("docs/reference/cli.md", _ => CommandPage.Write()),
        new("src/AspNetSpiffe.Workload/ConfigurationSchema.json", _ => ConfigurationSchema.WriteOfWorkload()),
        new("src/AspNetSpiffe/ConfigurationSchema.json", _ => ConfigurationSchema.WriteOfServer()),
    ];

    /// <summary>Gets the assemblies that are shipped and have something to tell an operator.</summary>
    public static IReadOnlyList<Assembly> Assemblies { get; } = [typeof(X509Source).Assembly, typeof(SpiffeServerOptions).Assembly, typeof(DevAgent).Assembly];
}
