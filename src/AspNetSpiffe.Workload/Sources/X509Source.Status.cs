namespace AspNetSpiffe;

public sealed partial class X509Source
{
    /// <summary>Gets what an operator asks first: where the identity comes from, what came last, who was refused, whom we call.</summary>
    /// <remarks>Thread-safe; costs what it gives, so ask for it when somebody looks, not for each request. Refusals and clients are those of all sources of the host.</remarks>
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
