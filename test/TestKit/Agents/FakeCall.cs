namespace AspNetSpiffe.TestKit;

/// <summary>A call as it arrived at a <see cref="FakeAgent"/>.</summary>
/// <param name="Path">The path with service and method.</param>
/// <param name="Headers">Every header with all its values, by lower-case name.</param>
/// <param name="Body">The frames of the request.</param>
public sealed record FakeCall(string Path, IReadOnlyDictionary<string, IReadOnlyList<string>> Headers, byte[] Body)
{
    /// <summary>Gets a task that completes when the agent has finished the call; its result is whether the caller had cancelled.</summary>
    internal TaskCompletionSource<bool> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Waits until the agent has finished the call, and fails unless the caller had cancelled it.</summary>
    public async Task WaitForCancelAsync(CancellationToken cancellationToken)
    {
        if (!await Ended.Task.WaitAsync(cancellationToken)) throw new InvalidOperationException($"The call of '{Path}' was carried out to its end.");
    }
}
