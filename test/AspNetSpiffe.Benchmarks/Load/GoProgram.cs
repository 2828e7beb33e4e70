using System.Diagnostics;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Benchmarks;

/// <summary>The contender in Go: one file of ours and Go's standard library. Built for a run, from nothing but what Debian's package brings.</summary>
internal static class GoProgram
{
    /// <summary>Builds it in a folder, where the compiler keeps its cache too, and gives the program.</summary>
    public static string Build(DirectoryInfo folder)
    {
        var program = Path.Combine(folder.FullName, "go-server");
        var start = new ProcessStartInfo("go", ["build", "-o", program, Repository.PathOf("test", "AspNetSpiffe.Benchmarks", "Load", "go-server.go")]);
        (string Name, string Value)[] variables =
        [
            ("GO111MODULE", "off"), ("GOFLAGS", ""), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local"), ("GOPATH", Path.Combine(folder.FullName, "go")), ("GOCACHE", Path.Combine(folder.FullName, "go-cache")),
        ];
        foreach (var (name, value) in variables) start.Environment[name] = value;

        using var compiler = Process.Start(start)!;
        compiler.WaitForExit();
        return compiler.ExitCode == 0 ? program : throw new InvalidOperationException("Go could not build its server.");
    }
}
