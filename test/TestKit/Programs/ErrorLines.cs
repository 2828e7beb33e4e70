using Xunit.Sdk;

namespace AspNetSpiffe.TestKit;

/// <summary>The standard error of a program, line by line.</summary>
internal sealed class ErrorLines
{
    private readonly List<string> _lines = [];
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ErrorLines(StreamReader reader) => AllRead = ReadAsync(reader);

    /// <summary>Gets what completes with the last line.</summary>
    public Task AllRead { get; }

    public int Count
    {
        get
        {
            lock (_lines) return _lines.Count;
        }
    }

    /// <summary>Waits until one of the lines, beginning with the given one, has this text; fails when the program ends without.</summary>
    public async Task<string> WaitForAsync(string text, int from, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task next;
            lock (_lines)
            {
                if (_lines.Skip(from).FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } found) return found;
                if (_next.Task.IsCompleted) throw new XunitException($"The program ended without a line with '{text}': {this}");
                next = _next.Task;
            }

            try
            {
                await next.WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                throw new XunitException($"There is no line with '{text}': {this}");
            }
        }
    }

    public override string ToString()
    {
        lock (_lines) return string.Join(Environment.NewLine, _lines);
    }

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line) Add(line, new(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lines) _next.SetResult();
    }

    private void Add(string line, TaskCompletionSource next)
    {
        lock (_lines)
        {
            _lines.Add(line);
            _next.SetResult();
            _next = next;
        }
    }
}
