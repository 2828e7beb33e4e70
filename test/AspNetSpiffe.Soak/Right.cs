namespace AspNetSpiffe.Soak;

/// <summary>Whether a client may call now. While that changes nobody is judged; the change must be through when it is said to be.</summary>
internal sealed class Right(bool isAllowed)
{
    private volatile State _now = new(isAllowed);

    /// <summary>What holds now; ask for it again after a request, and judge the request only if it is still the same one.</summary>
    public State Now => _now;

    public void BeginChange() => _now = new(null);

    public void Set(bool isAllowed) => _now = new(isAllowed);

    internal sealed class State(bool? isAllowed)
    {
        public bool? IsAllowed { get; } = isAllowed;
    }
}
