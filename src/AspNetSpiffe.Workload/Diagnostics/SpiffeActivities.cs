using System.Diagnostics;
using System.Net;

namespace AspNetSpiffe;

/// <summary>Spans of what happens seldom: updates and rejections. They are made only when somebody listens, after the effect, on a thread that nobody waits for.</summary>
internal static class SpiffeActivities
{
    private static readonly ActivitySource Source = new(SpiffeDiagnostics.ActivitySourceName);

    /// <summary>Creates a span of what has happened.</summary>
    /// <param name="post">Calls foreign code later.</param>
    /// <param name="name">What it was: one of few names.</param>
    /// <param name="began">When it began.</param>
    /// <param name="ended">When it ended.</param>
    /// <param name="error">Why it failed, if it did.</param>
    /// <param name="tags">What there is to say beside that.</param>
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

    /// <summary>Says where a peer is, by the conventions.</summary>
    public static KeyValuePair<string, object?>[] Address(EndPoint? remote) => remote switch
    {
        IPEndPoint ip => [new("network.peer.address", ip.Address.ToString()), new("network.peer.port", ip.Port)],
        DnsEndPoint named => [new("server.address", named.Host), new("server.port", named.Port)],
        _ => [],
    };

    /// <summary>Says whether somebody records the span of a request. Without a listener the framework may have one nevertheless, for its logs.</summary>
    public static bool IsRecorded(Activity activity) => activity.IsAllDataRequested && activity.Source.HasListeners();
}
