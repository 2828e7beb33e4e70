namespace AspNetSpiffe.TestKit;

/// <summary>What an outside program said and how it ended.</summary>
public sealed record ProgramResult(int ExitCode, string Output, string Errors)
{
    /// <summary>Gets all that it said, as a failed assertion wants to show it.</summary>
    public string All => $"{Output}{Environment.NewLine}{Errors}";
}
