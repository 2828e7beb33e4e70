using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;

namespace Mesh;

/// <summary>Runs a part of the mesh as a process.</summary>
public static class MeshProgram
{
    /// <summary>Runs a part until it is stopped.</summary>
    /// <param name="name">The name of the program.</param>
    /// <param name="build">Creates the application.</param>
    /// <param name="stopping">Stops it.</param>
    /// <returns>The exit code: 1, with one line on the standard error, after an error that its user can correct.</returns>
    public static async Task<int> RunAsync(string name, Func<WebApplication> build, CancellationToken stopping)
    {
        try
        {
            await using var app = build();
            await app.RunAsync(stopping);
            return 0;
        }
        catch (Exception failure) when (failure is ArgumentException or InvalidOperationException or IOException)
        {
            await Console.Error.WriteLineAsync($"{name}: {failure.Message.ReplaceLineEndings(" ")}");
            return 1;
        }
    }
}
