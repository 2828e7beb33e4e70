using System.Runtime.CompilerServices;
using Xunit;

namespace AspNetSpiffe.TestKit;

/// <summary>Public test vectors, in a folder beside the repository. They are not copied into it, so a clone may lack them.</summary>
public static class PublicVectors
{
    private static string Folder { get; } = Repository.PathOf("..", "shared", "vectors");

    /// <summary>Gets why the tests with vectors do not run here, if they do not.</summary>
    public static string? Missing { get; } = Directory.Exists(Folder) ? null : "There are no public vectors in '../shared/vectors'. What matters of them is tested without them too.";

    /// <summary>Returns the path of a file of vectors.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Folder, .. parts]);
}

/// <summary>A test that reads <see cref="PublicVectors"/>; skipped where there are none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class VectorsFactAttribute : FactAttribute
{
    /// <summary>Skips the test where there are no vectors.</summary>
    public VectorsFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : base(file, line) => Skip = PublicVectors.Missing;
}
