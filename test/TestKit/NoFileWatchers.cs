using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace AspNetSpiffe.TestKit;

/// <summary>Keeps the hosts of tests from watching files that never change: each watcher is one of the 128 that Linux gives a user.</summary>
internal static class NoFileWatchers
{
    [ModuleInitializer, SuppressMessage("Usage", "CA2255", Justification = "It is for the test processes, before their first host.")]
    internal static void Initialize() => Environment.SetEnvironmentVariable("DOTNET_hostBuilder__reloadConfigOnChange", "false");
}
