namespace AspNetSpiffe.Soak;

/// <summary>What must hold all the time, whatever fails around it.</summary>
internal static class Promise
{
    public const string Answered = "who may call is answered";
    public const string Refused = "who may not call is refused";
    public const string Known = "callers are known by their own identity";
    public const string Ends = "every request ends";
    public const string Kept = "a peer in good standing keeps its connections";
    public const string Drained = "requests under way have their time";
    public const string Closed = "connections of the revoked are closed in time";
    public const string News = "the agent's news reach all workloads";
    public const string Rotated = "every rotation reaches the server";
    public const string Flat = "memory is flat";
    public const string Quiet = "nothing is logged as an error";
    public const string Planned = "every fault runs as planned";

    public static IReadOnlyList<string> All { get; } = [Answered, Refused, Known, Ends, Kept, Drained, Closed, News, Rotated, Flat, Quiet, Planned];
}
