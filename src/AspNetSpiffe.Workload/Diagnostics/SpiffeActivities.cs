using System.Diagnostics;
using System.Net;

namespace AspNetSpiffe;

/// <summary>Spans of rare events: updates and rejections. Created only when there is a listener, after the event took effect, on a background thread.</summary>
internal static class SpiffeActivities
{
    private static readonly ActivitySource Source = new(SpiffeDiagnostics.ActivitySourceName);

    /// <summary>Creates a span for an event that has ended.</summary>
    /// <param name="post">Queues a call of code outside this library.</param>
    /// <param name="name">The name of the span: one of a few fixed names.</param>
    /// <param name="began">When it began.</param>
    /// <param name="ended">When it ended.</param>
    /// <param name="error">Why it failed, if it did.</param>
    /// <param name="tags">Further tags.</param>
    public static void Record(Action<Action> post, string name, DateTimeOffset began, DateTimeOffset ended, string? error, params KeyValuePair<string, object?>[] tags)
    {
        if (!Source.HasListeners()) return;
        var parent = Activity.Current?.Context ?? default;
        post(() =>
        {
            using var activity = Source.StartActivity(name, ActivityKind.Internal, parent, Tag.WithError(error, [.. tags.Where(static tag => tag.Value is not null)]), startTime: began);
            if (error is not null) activity?.SetStatus(ActivityStatusCode.Error);
            activity?.SetEndTime(ended.UtcDateTime);
        });
    }

    /// <summary>Returns the address of a peer as tags, following the semantic conventions.</summary>
    public static KeyValuePair<string, object?>[] Address(EndPoint? remote) => remote switch
    {
        IPEndPoint ip => [new("network.peer.address", ip.Address.ToString()), new("network.peer.port", ip.Port)],
        DnsEndPoint named => [new("server.address", named.Host), new("server.port", named.Port)],
        _ => [],
    };

    /// <summary>Determines whether the span of a request is recorded. The framework may create one for its logs without a listener.</summary>
    public static bool IsRecorded(Activity activity) => activity.IsAllDataRequested && activity.Source.HasListeners();
}
