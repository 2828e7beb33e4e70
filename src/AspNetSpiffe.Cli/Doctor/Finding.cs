namespace AspNetSpiffe.Cli.Doctor;

/// <summary>The result of one check, and the remedy.</summary>
internal sealed record Finding(string Check, Verdict Verdict, string Found, string? Remedy = null);

/// <summary>The severity of a finding.</summary>
internal enum Verdict
{
    Ok,

    /// <summary>It works now, or for some peers.</summary>
    Warning,
    Failed,

    /// <summary>It was not checked, because an earlier check failed.</summary>
    Skipped,
}
