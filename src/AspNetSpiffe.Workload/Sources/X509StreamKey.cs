namespace AspNetSpiffe;

/// <summary>What two sources must have in common to share a stream: the endpoint, and all that changes how we call it.</summary>
internal sealed record X509StreamKey(WorkloadApiAddress Address, TimeProvider Time, RetryTimes Retry, KeepAlive KeepAlive, SpiffeLimits Limits);
