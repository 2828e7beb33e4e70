namespace AspNetSpiffe.TestKit;

/// <summary>A program of this repository, from where it was built, with its own dependencies beside it.</summary>
public static class BuiltProgram
{
    // The last folder of ours names the configuration.
    public static string Configuration { get; } = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));

    public static OutsideProgram Start(Dictionary<string, string?> environment, string project, string assembly, params IEnumerable<string> arguments) =>
        OutsideProgram.StartWith(environment, "dotnet", ["exec", Repository.PathOf("artifacts", "bin", project, Configuration, assembly + ".dll"), .. arguments]);
}
