namespace AspNetSpiffe.TestKit;

/// <summary>How long a test waits for what must come before it counts as hanging.</summary>
public static class HangLimit
{
    /// <summary>Gets the limit. Nothing is measured by it: it is far from what the slowest machine needs.</summary>
    public static TimeSpan OfATest { get; } = TimeSpan.FromMinutes(3);
}
