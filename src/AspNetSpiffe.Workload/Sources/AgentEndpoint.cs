namespace AspNetSpiffe;

/// <summary>Where an agent is, and all that changes how we call it. What two sources must have in common to share a stream.</summary>
internal sealed record AgentEndpoint(WorkloadApiAddress Address, TimeProvider Time, RetryTimes Retry, KeepAlive KeepAlive, SpiffeLimits Limits)
{
    public AgentEndpoint(SpiffeOptions options, TimeProvider time)
        : this(WorkloadApiAddress.Resolve(options.EndpointSocket), time, new(options.Retry), options.KeepAlive, options.Limits with { })
    {
    }
}
