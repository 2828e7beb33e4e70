using System.Reflection;

namespace AspNetSpiffe.ConformanceHarness;

/// <summary>What stands at the head of a report of the suite.</summary>
internal sealed record Info(string Sdk, string SdkVersion, string Language, IReadOnlyList<string> Capabilities)
{
    public static Info OfThisLibrary { get; } = new(
        "AspNetSpiffe",
        typeof(X509Source).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
        "csharp",
        ["x509-server", "x509-client", "jwt-validate", "jwt-fetch"]);
}
