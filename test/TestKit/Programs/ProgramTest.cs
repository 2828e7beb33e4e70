using Xunit;

namespace AspNetSpiffe.TestKit;

/// <summary>A test with a temporary folder, a timeout, and programs and servers that are stopped at the end.</summary>
/// <param name="output">Where the log goes.</param>
/// <param name="patience">How long a test waits for what must come, if it is one that takes its time.</param>
public abstract class ProgramTest(ITestOutputHelper output, TimeSpan? patience = null) : LoggedTest(output)
{
    // A long timeout costs nothing: two cores run several test projects at once, and Node.js takes a second to start.
    private readonly CancellationTokenSource _patience = new(patience ?? HangLimit.OfATest);
    private readonly Stack<IAsyncDisposable> _toStop = new();

    /// <summary>Gets how long a test waits for what must come.</summary>
    protected CancellationToken Patience => _patience.Token;

    /// <summary>Gets an existing folder of this test that only its user may read.</summary>
    protected string Folder { get; } = Directory.CreateTempSubdirectory("spiffe-test-").FullName;

    /// <summary>Remembers what is to be stopped at the end: the last first.</summary>
    protected T Stopping<T>(T thing) where T : IAsyncDisposable
    {
        _toStop.Push(thing);
        return thing;
    }

    /// <inheritdoc/>
    protected override async ValueTask StopAsync()
    {
        foreach (var thing in _toStop) await thing.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
        _patience.Dispose();
    }
}
