using System.Runtime.CompilerServices;

namespace AspNetSpiffe.Workload.Tests;

/// <summary>A test that only an ordinary user can run: root may open every file.</summary>
public sealed class FactAsUserAttribute : FactAttribute
{
    public FactAsUserAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : base(file, line)
    {
        if (Environment.IsPrivilegedProcess) Skip = "Root may open every socket.";
    }
}
