namespace AspNetSpiffe.TestKit;

/// <summary>A C# file: its path from the root of the scan, with slashes, and its text.</summary>
public sealed record SourceFile(string Path, string Text)
{
    /// <summary>Gets the first folder of the path; a dot when there is none.</summary>
    public string Room => Path.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0 ? Path[..slash] : ".";

    /// <summary>Reads all C# files below a folder, in the order of their paths.</summary>
    public static IReadOnlyList<SourceFile> ReadAll(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Select(file => new SourceFile(System.IO.Path.GetRelativePath(folder, file).Replace('\\', '/'), File.ReadAllText(file)))
            .OrderBy(file => file.Path, StringComparer.Ordinal),
    ];
}
