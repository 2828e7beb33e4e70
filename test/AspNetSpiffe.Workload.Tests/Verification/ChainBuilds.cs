using System.Diagnostics.Tracing;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>Counts the chains that this thread has OpenSSL build, by the events of the framework itself.</summary>
internal sealed class ChainBuilds : EventListener
{
    private const string Source = "System.Security.Cryptography.X509Certificates.X509Chain.OpenSsl";
    private const string Start = "ChainStart";

    private readonly int _thread = Environment.CurrentManagedThreadId;
    private int _count;

    public static int Of(Action action)
    {
        using var builds = new ChainBuilds();
        action();
        return builds._count;
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Source) EnableEvents(eventSource, EventLevel.Informational);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName == Start && Environment.CurrentManagedThreadId == _thread) _count++;
    }
}
