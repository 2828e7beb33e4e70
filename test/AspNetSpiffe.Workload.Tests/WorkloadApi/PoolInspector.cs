using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Runtime.CompilerServices;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>Looks into each array of one length at the moment when it is given back to the pool that all share.</summary>
/// <remarks>The pool tells of it on the very thread that gives the array back, and what that thread gave back last is what it gets next.</remarks>
internal sealed class PoolInspector(int length) : EventListener
{
    [ThreadStatic]
    private static bool _isLooking;

    private readonly ConcurrentQueue<byte[]> _returned = [];

    /// <summary>Gets what was in the arrays.</summary>
    public IReadOnlyCollection<byte[]> Returned => _returned;

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "System.Buffers.ArrayPoolEventSource") EnableEvents(eventSource, EventLevel.Verbose, EventKeywords.All);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (_isLooking || eventData.EventName != "BufferReturned" || (int)eventData.Payload![1]! != length) return;
        _isLooking = true;
        var array = ArrayPool<byte>.Shared.Rent(length);
        if (RuntimeHelpers.GetHashCode(array) == (int)eventData.Payload[0]!) _returned.Enqueue([.. array]);
        ArrayPool<byte>.Shared.Return(array);
        _isLooking = false;
    }
}
