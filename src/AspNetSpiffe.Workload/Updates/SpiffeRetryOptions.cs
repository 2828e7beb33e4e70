namespace AspNetSpiffe;

/// <summary>The exponential backoff for retries when the Workload API closed the stream or is unavailable. The delay doubles with each failure. Not thread-safe: set the values before start.</summary>
public sealed class SpiffeRetryOptions
{
    /// <summary>Gets or sets the delay after the first failure, and after a stream with a valid update.</summary>
    /// <value>Default: 0.5 seconds. From 50 milliseconds to an hour.</value>
    public TimeSpan InitialDelay { get; set; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Gets or sets the longest delay.</summary>
    /// <value>Default: 30 seconds. From <see cref="InitialDelay"/> to an hour.</value>
    public TimeSpan MaxDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets the jitter: the fraction by which a delay may be randomly shortened, so that a thousand workloads do not reconnect at the same time.</summary>
    /// <value>Default: 0.2, up to a fifth shorter. 0 for none; at most 0.9.</value>
    public double Jitter { get; set; } = 0.2;
}
