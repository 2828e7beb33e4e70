namespace AspNetSpiffe;

/// <summary>How long to wait before the next attempt when the Workload API ended the stream or cannot be reached. The wait doubles each time.</summary>
public sealed class SpiffeRetryOptions
{
    /// <summary>Gets or sets the wait after the first failure, and after a stream that brought something good.</summary>
    /// <value>Default: 0.5 seconds. From 50 milliseconds to an hour.</value>
    public TimeSpan InitialDelay { get; set; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Gets or sets the longest wait.</summary>
    /// <value>Default: 30 seconds. From <see cref="InitialDelay"/> to an hour.</value>
    public TimeSpan MaxDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets by what part of it chance may shorten a wait, so that a thousand workloads do not come back together.</summary>
    /// <value>Default: 0.2, up to a fifth shorter. 0 for none; at most 0.9.</value>
    public double Jitter { get; set; } = 0.2;
}
