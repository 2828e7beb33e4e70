namespace AspNetSpiffe;

/// <summary>A token that is kept, when to renew it, and the fetch that all who wait for it share. Used under the lock of its source.</summary>
internal sealed class JwtSvidEntry(JwtSvidKey key, RetryDelay delay)
{
    /// <summary>A token must survive its way to the server, and the difference between two clocks.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    private JwtSvid? _svid;
    private DateTimeOffset _renewAt;

    public JwtSvidKey Key { get; } = key;

    /// <summary>Gets or sets the fetch under way, if there is one.</summary>
    public TaskCompletionSource<JwtSvid>? Fetch { get; set; }

    public JwtSvid? ValidAt(DateTimeOffset now) => _svid is { } svid && svid.ExpiresAt - now > Margin ? svid : null;

    public bool IsDueAt(DateTimeOffset now) => now >= _renewAt;

    // Half of what is left, not of what 'iat' says: an agent may give the same token until it is old.
    public void Keep(JwtSvid svid, DateTimeOffset now)
    {
        _svid = svid;
        _renewAt = now + ((svid.ExpiresAt - now) / 2);
        delay.Reset();
    }

    public void Postpone(DateTimeOffset now) => _renewAt = now + delay.Next();

    /// <summary>Determines whether a rejection speaks of this entry too: one without an identity speaks of all that we have (Workload API §6.2.1).</summary>
    public bool IsDeniedWith(JwtSvidKey denied) => denied.Id is null || denied.Id == Key.Id || denied.Id == _svid?.Id;
}
