namespace AspNetSpiffe;

public sealed partial class X509Source
{
    /// <summary>Gets the status for an operator: the source of the identity, the last update, the rejected peers, the servers called.</summary>
    /// <remarks>Thread-safe; the cost grows with the content, so call it on demand, not for each request. Rejections and clients are those of all sources of the host.</remarks>
    public SpiffeStatus GetStatus()
    {
        var history = Status.History;
        return new()
        {
            Origin = Origin.Name,
            IsConnected = history.IsConnected,
            LastUpdate = history.LastGood,
            LastProblem = LastProblem,
            Events = [.. history.Events.Select(static e => new SpiffeWatchEvent { At = e.At, IsUpdate = e.IsUpdate, Problem = e.Problem ?? e.Error, Times = e.Times })],
            Refusals = _registry.Refusals.Groups,
            Clients = [.. _registry.Clients],
        };
    }
}
