namespace AspNetSpiffe.Soak;

/// <summary>Whether a client may call now. While that changes its requests are not judged, but the change must be through within <see cref="Grace"/>.</summary>
internal sealed class Right(bool isAllowed)
{
    private volatile State _now = new(isAllowed);

    /// <summary>How long a change may take to reach everybody: through files, two seconds more.</summary>
    public static TimeSpan Grace { get; } = TimeSpan.FromSeconds(Environment.GetCommandLineArgs().Contains("--files") ? 4 : 2);

    /// <summary>What holds now. Look again after a request, and judge it only if this is still the same.</summary>
    public State Now => _now;

    /// <summary>Changes the right, and waits as long as that may take.</summary>
    public async Task ChangeAsync(bool isAllowed, Action change)
    {
        BeginChange();
        change();
        await Task.Delay(Grace);
        EndChange(isAllowed);
    }

    public void BeginChange() => _now = new(null);

    public void EndChange(bool isAllowed) => _now = new(isAllowed);

    /// <summary>One state of the right; unknown while it changes.</summary>
    internal sealed class State(bool? isAllowed)
    {
        public bool? IsAllowed { get; } = isAllowed;
    }
}
