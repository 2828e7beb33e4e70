using System.Diagnostics;

namespace AspNetSpiffe.TestKit;

/// <summary>AspNetSpiffe.AotApp as an application is shipped that brings all it needs: compiled to machine code, or trimmed.</summary>
public static class PublishedApp
{
    /// <summary>Ways to publish it, as its project knows them.</summary>
    public const string Aot = "Aot", Trimmed = "Trimmed", Least = "Least";

    /// <summary>Publishes it below a folder; every warning is an error, also in code of others.</summary>
    /// <param name="how">One of the ways.</param>
    /// <param name="folder">Where it is compiled and published.</param>
    /// <param name="cancellationToken">Cancels the wait, and the compilers.</param>
    /// <returns>The program.</returns>
    public static async Task<string> PublishAsync(string how, string folder, CancellationToken cancellationToken)
    {
        var output = Path.Combine(folder, how);
        using var process = Process.Start(new ProcessStartInfo("dotnet", Arguments(how, folder, output)) { RedirectStandardOutput = true })!;
        try
        {
            var text = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0 ? Path.Combine(output, "AspNetSpiffe.AotApp") : throw new InvalidOperationException(text);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private static string[] Arguments(string how, string folder, string output) =>
    [
        "publish", Repository.PathOf("test", "AspNetSpiffe.AotApp"), "--configuration", BuiltProgram.Configuration == "debug" ? "Debug" : "Release", $"-p:PublishAs={how}", "--output", output,

        // One warning for each place, not one for a whole package. The analyzers already ran when the solution was built.
        "-warnaserror", "-p:TrimmerSingleWarn=false", "-p:RunAnalyzers=false", "-p:NativeDebugSymbols=false",

        // The libraries are built, for whoever publishes refers to them; others may use what was built and restored at this moment.
        $"-p:PublishFolder={folder}", "-p:BuildProjectReferences=false", "-p:RestoreRecursive=false",

        // Lock files are of what is built, and have none of the packages that only a publication needs.
        "-p:RestoreLockedMode=false", "-p:RestorePackagesWithLockFile=false", $"-p:NuGetLockFilePath={Path.Combine(folder, "none")}",

        // One process, and none that outlives it.
        "-maxCpuCount:1", "-nodeReuse:false", "-p:UseSharedCompilation=false",
    ];
}
