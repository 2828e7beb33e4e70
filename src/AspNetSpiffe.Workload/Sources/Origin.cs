namespace AspNetSpiffe;

/// <summary>The origin of the data of a source (Workload API, files or code), with the settings of its watch. Sources with equal origins share one watch.</summary>
internal abstract record Origin(TimeProvider Time, RetryTimes Retry, SpiffeLimits Limits)
{
    /// <summary>Gets the kind of origin, as the value of a tag.</summary>
    public abstract string Kind { get; }

    /// <summary>Gets the name of the origin in the middle of a sentence.</summary>
    public abstract string Name { get; }

    /// <summary>Gets the name of the origin at the beginning of a sentence.</summary>
    public string Title => char.ToUpperInvariant(Name[0]) + Name[1..];

    /// <summary>Gets whether it renews an SVID at half of its lifetime, so that a missing update means that it does not respond.</summary>
    public virtual bool RenewsInTime => false;

    /// <summary>Gets the remedy for an SVID that is not renewed although the origin reports no error.</summary>
    public abstract string RenewalAdvice { get; }

    public abstract IFeed Open();

    /// <exception cref="FormatException">The address of the Workload API is malformed, or there is none.</exception>
    public static Origin Of(SpiffeOptions options, TimeProvider time)
    {
        var (retry, limits) = (new RetryTimes(options.Retry), options.Limits with { });
        return options switch
        {
            { Provider: { } provider } => new ProviderOrigin(provider, time, retry, limits),
            { Files.IsUsed: true } => new FileOrigin(options.Files.Resolve(), time, retry, limits),
            _ => new AgentOrigin(WorkloadApiAddress.Resolve(options.EndpointSocket), options.KeepAlive, time, retry, limits),
        };
    }

    public sealed override string ToString() => Name;
}

/// <summary>A Workload API.</summary>
internal sealed record AgentOrigin(WorkloadApiAddress Address, KeepAlive KeepAlive, TimeProvider Time, RetryTimes Retry, SpiffeLimits Limits) : Origin(Time, Retry, Limits)
{
    public override string Kind => "agent";

    public override string Name => $"the SPIFFE Workload API at '{Address}'";

    public override bool RenewsInTime => true;

    public override string RenewalAdvice => "check the agent's log and its connection to the server";

    public override IFeed Open() => new WorkloadApiClient(Address, Time, KeepAlive, Limits);
}

/// <summary>Files that another process writes.</summary>
internal sealed record FileOrigin(SvidFiles Files, TimeProvider Time, RetryTimes Retry, SpiffeLimits Limits) : Origin(Time, Retry, Limits)
{
    public override string Kind => "files";

    public override string Name => Files.Certificate is null ? "the bundle files" : $"the SVID files (certificate '{Files.Certificate}')";

    public override string RenewalAdvice => "check the process that writes them: cert-manager, spiffe-helper, the kubelet";

    public override IFeed Open() => new FileFeed(Files, Time, Limits);
}

/// <summary>Code of the application.</summary>
internal sealed record ProviderOrigin(Func<CancellationToken, IAsyncEnumerable<X509Context?>> Provider, TimeProvider Time, RetryTimes Retry, SpiffeLimits Limits)
    : Origin(Time, Retry, Limits)
{
    public override string Kind => "provider";

    public override string Name => $"the provider of the application ('{nameof(SpiffeOptions)}.{nameof(SpiffeOptions.Provider)}')";

    public override string RenewalAdvice => "it must yield the next context before the SVID expires";

    public override IFeed Open() => new ProviderFeed(Provider, Time, Limits);
}
