namespace AspNetSpiffe.TestKit;

/// <summary>The working tree that the tests were built from.</summary>
public static class Repository
{
    /// <summary>Gets the folder of AspNetSpiffe.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Returns the absolute path of a file or folder of the repository: <c>PathOf("src", "AspNetSpiffe")</c>.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
            if (File.Exists(Path.Combine(folder, "AspNetSpiffe.sln")))
                return folder;

        throw new InvalidOperationException($"No folder above '{AppContext.BaseDirectory}' has AspNetSpiffe.sln; run the tests from the repository.");
    }
}
