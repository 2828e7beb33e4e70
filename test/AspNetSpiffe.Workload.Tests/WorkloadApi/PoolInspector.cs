using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Runtime.CompilerServices;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>Sees who takes arrays of one length from the pool that all share, and looks into each at the moment when it is given back.</summary>
/// <remarks>The pool tells of it on the very thread that gives the array back, and what that thread gave back last is what it gets next.</remarks>
internal sealed class PoolInspector(int length) : EventListener
{
    [ThreadStatic]
    private static bool _isLooking;

    private readonly ConcurrentQueue<byte[]> _returned = [];
    private readonly TaskCompletionSource _rented = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Gets what was in the arrays.</summary>
    public IReadOnlyCollection<byte[]> Returned => _returned;

    public Task WaitForRentAsync(CancellationToken cancellationToken) => _rented.Task.WaitAsync(cancellationToken);

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "System.Buffers.ArrayPoolEventSource") EnableEvents(eventSource, EventLevel.Verbose, EventKeywords.All);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (_isLooking || eventData.EventName is not ("BufferRented" or "BufferReturned") || (int)eventData.Payload![1]! != length) return;
        if (eventData.EventName == "BufferRented")
        {
            _rented.TrySetResult();
            return;
        }

        _isLooking = true;
        var array = ArrayPool<byte>.Shared.Rent(length);
        if (RuntimeHelpers.GetHashCode(array) == (int)eventData.Payload[0]!) _returned.Enqueue([.. array]);
        ArrayPool<byte>.Shared.Return(array);
        _isLooking = false;
    }
}
