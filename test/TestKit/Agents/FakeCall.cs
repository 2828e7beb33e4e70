namespace AspNetSpiffe.TestKit;

/// <summary>A call as it arrived at a <see cref="FakeAgent"/>.</summary>
/// <param name="Path">The path with service and method.</param>
/// <param name="Headers">Every header with all its values, by lower-case name.</param>
/// <param name="Body">The frames of the request.</param>
/// <param name="Aborted">Fires when the caller has gone away or the connection is lost.</param>
public sealed record FakeCall(string Path, IReadOnlyDictionary<string, IReadOnlyList<string>> Headers, byte[] Body, CancellationToken Aborted)
{
    /// <summary>Waits until the caller has gone away.</summary>
    public async Task WaitForCancelAsync(CancellationToken cancellationToken)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = Aborted.Register(gone.SetResult);
        await gone.Task.WaitAsync(cancellationToken);
    }
}
