namespace AspNetSpiffe;

/// <summary>A cached token, the time of its renewal, and the shared fetch of concurrent requests. Not thread-safe: used under the lock of its source.</summary>
internal sealed class JwtSvidEntry(JwtSvidKey key, RetryDelay delay)
{
    /// <summary>Safety margin before the expiry, for the time of a request and clock skew.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    private JwtSvid? _svid;
    private DateTimeOffset _renewAt;

    public JwtSvidKey Key { get; } = key;

    /// <summary>Gets or sets the fetch in progress, if there is one.</summary>
    public TaskCompletionSource<JwtSvid>? Fetch { get; set; }

    public JwtSvid? ValidAt(DateTimeOffset now) => _svid is { } svid && svid.ExpiresAt - now > Margin ? svid : null;

    public bool IsDueAt(DateTimeOffset now) => now >= _renewAt;

    // Half of the remaining lifetime, not of that since 'iat': an agent may return the same token several times.
    public void Keep(JwtSvid svid, DateTimeOffset now)
    {
        _svid = svid;
        _renewAt = now + ((svid.ExpiresAt - now) / 2);
        delay.Reset();
    }

    public void Postpone(DateTimeOffset now) => _renewAt = now + delay.Next();

    /// <summary>Determines whether a denial concerns this entry: one without an identity concerns all our identities (Workload API §6.2.1).</summary>
    public bool IsDeniedWith(JwtSvidKey denied) => denied.Id is null || denied.Id == Key.Id || denied.Id == _svid?.Id;
}
