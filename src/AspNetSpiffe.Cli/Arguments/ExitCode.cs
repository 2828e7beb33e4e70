namespace AspNetSpiffe.Cli;

/// <summary>The exit codes of commands. The page docs/command-line.md lists them.</summary>
internal static class ExitCode
{
    /// <summary>Success, or the answer is yes.</summary>
    public const int Done = 0;

    /// <summary>Failure, or the answer is no.</summary>
    public const int Failed = 1;

    /// <summary>The command line is invalid.</summary>
    public const int Usage = 2;

    /// <summary>The server is not verified, or not the expected one.</summary>
    public const int ServerRefused = 3;

    /// <summary>The expected server responded with a status of 400 or more.</summary>
    public const int ErrorStatus = 4;
}
