using System.Runtime.CompilerServices;

namespace AspNetSpiffe.AgentTests;

/// <summary>A test that makes files of other users, which only root can.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : base(file, line)
    {
        if (!Environment.IsPrivilegedProcess) Skip = "Only root can make files of other users.";
    }
}
