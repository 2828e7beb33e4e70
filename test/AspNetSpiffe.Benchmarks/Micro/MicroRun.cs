using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace AspNetSpiffe.Benchmarks;

/// <summary>The micro benchmarks; arguments are BenchmarkDotNet's own, such as <c>--filter *Verifier*</c>.</summary>
internal static class MicroRun
{
    public static int Run(string[] args)
    {
        // In this process: another one would be a project that BenchmarkDotNet writes, restores and builds beside ours.
        var config = ManualConfig.Create(DefaultConfig.Instance)
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .AddDiagnoser(MemoryDiagnoser.Default)
            .WithArtifactsPath(Path.Combine(AppContext.BaseDirectory, "micro"));
        BenchmarkSwitcher.FromAssembly(typeof(MicroRun).Assembly).Run(args is [] ? ["--filter", "*"] : args, config);
        return 0;
    }
}
