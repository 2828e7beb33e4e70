using System.Runtime.CompilerServices;

namespace AspNetSpiffe.MeshTests;

/// <summary>A test in which another user takes part; only root can run a program as one.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class StrangerFactAttribute : FactAttribute
{
    public StrangerFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : base(file, line)
    {
        if (!Environment.IsPrivilegedProcess) Skip = "Only root can run curl as another user.";
    }
}
