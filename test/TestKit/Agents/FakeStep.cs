using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.TestKit;

/// <summary>One thing that a <see cref="FakeAgent"/> does within a call.</summary>
/// <param name="Act">The action.</param>
/// <param name="EndsCall">Whether the call is over after it.</param>
internal sealed record FakeStep(Func<HttpContext, Task> Act, bool EndsCall)
{
    /// <summary>Gets a task that completes when the step is done.</summary>
    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
