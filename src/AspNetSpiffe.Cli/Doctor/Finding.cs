namespace AspNetSpiffe.Cli.Doctor;

/// <summary>What one look of the doctor found, and what to do about it.</summary>
internal sealed record Finding(string Check, Verdict Verdict, string Found, string? Remedy = null);

/// <summary>How bad it is.</summary>
internal enum Verdict
{
    Ok,

    /// <summary>It works now, or works for some.</summary>
    Warning,
    Failed,

    /// <summary>It could not be looked at, because of what failed before.</summary>
    Skipped,
}
