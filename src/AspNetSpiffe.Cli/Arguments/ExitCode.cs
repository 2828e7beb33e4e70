namespace AspNetSpiffe.Cli;

/// <summary>What the end of a command tells scripts. The page docs/command-line.md lists them.</summary>
internal static class ExitCode
{
    /// <summary>It did what was asked; the answer is yes.</summary>
    public const int Done = 0;

    /// <summary>It could not do what was asked; the answer is no.</summary>
    public const int Failed = 1;

    /// <summary>The command line itself is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The server is not verified, or not the one that is expected.</summary>
    public const int ServerRefused = 3;

    /// <summary>The server is the right one, and answered with a status of 400 or more.</summary>
    public const int ErrorStatus = 4;
}
