namespace AspNetSpiffe.TestKit;

/// <summary>A call as it arrived at a <see cref="FakeAgent"/>.</summary>
/// <param name="Path">The path with service and method.</param>
/// <param name="Headers">Every header with all its values, by lower-case name.</param>
/// <param name="Body">The frames of the request.</param>
public sealed record FakeCall(string Path, IReadOnlyDictionary<string, IReadOnlyList<string>> Headers, byte[] Body)
{
    /// <summary>Gets what completes when the agent is through with the call, and says whether the caller had gone away.</summary>
    internal TaskCompletionSource<bool> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Waits until the agent is through with the call, and fails unless the caller had left it.</summary>
    public async Task WaitForCancelAsync(CancellationToken cancellationToken)
    {
        if (!await Ended.Task.WaitAsync(cancellationToken)) throw new InvalidOperationException($"The call of '{Path}' was carried out to its end.");
    }
}
