using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>The registered identities, the issued SVIDs and the trust bundles. Each change is published to the workloads at once. Thread-safe.</summary>
internal sealed partial class DevAgentState : IDisposable
{
    private readonly Lock _gate = new();
    private readonly DevAgentOptions _options;
    private readonly ILogger _logger;
    private readonly DevAuthorities _authorities;
    private readonly OrderedDictionary<string, DevWorkload> _workloads = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, TrustMaterial> _federated = new(StringComparer.Ordinal);
    private bool _disposed;

    public DevAgentState(DevAgentOptions options, SocketFolder folder, ILogger logger)
    {
        (_options, _logger) = (options, logger);
        _authorities = new(options.TrustDomain, options.TimeProvider);
        foreach (var (name, identities) in options.Workloads)
        {
            var workload = new DevWorkload(name, folder.PathOf(name), new WorkloadSnapshot([], _authorities.Public, []));
            _workloads.Add(name, workload);
            foreach (var identity in identities) Add(workload, identity);
        }

        PublishAll();
    }

    public ImmutableArray<DevWorkload> Workloads => [.. _workloads.Values];

    public TrustMaterial Public => Locked(() => _authorities.Public);

    public DevWorkload Get(string name) => _workloads.TryGetValue(name, out var workload)
        ? workload
        : throw new ArgumentException($"The development agent serves no workload named '{name}'; it was started with {string.Join(", ", _workloads.Keys.Select(static k => $"'{k}'"))}.");

    public void Register(string name, DevIdentity identity) => Locked(() =>
    {
        var workload = Get(name);
        Add(workload, identity);
        Publish(workload);
        Log.Registered(_logger, workload.Name, identity.Path);
    });

    public void Unregister(string name, Predicate<DevIdentity> which) => Locked(() =>
    {
        var workload = Get(name);
        foreach (var taken in workload.Svids.Where(s => which(s.Identity))) Log.Unregistered(_logger, name, taken.Id);
        workload.Svids = workload.Svids.RemoveAll(s => which(s.Identity));
        Publish(workload);
    });

    public void Rotate(string name) => Locked(() => RotateAndPublish(Get(name)));

    public void RotateAll() => Locked(() =>
    {
        foreach (var workload in _workloads.Values) RotateAndPublish(workload);
    });

    /// <summary>Renews the SVIDs that have reached half of their lifetime.</summary>
    /// <returns>The time until the next renewal.</returns>
    public TimeSpan RotateDue() => Locked(() =>
    {
        var now = _options.TimeProvider.GetUtcNow();

        // A workload without an identity may get one meanwhile, which is not due earlier.
        var next = now + _options.SvidLifetime / 2;
        foreach (var workload in _workloads.Values.Where(static w => !w.Svids.IsEmpty))
        {
            if (workload.RotateAt <= now) RotateAndPublish(workload);
            if (workload.RotateAt < next) next = workload.RotateAt;
        }

        return next - now;
    });

    public void PrepareAuthority() => Locked(() =>
    {
        _authorities.Prepare();
        PublishAll();
        Log.AuthorityPrepared(_logger, _options.TrustDomain);
    });

    public void ActivateAuthority() => Locked(() =>
    {
        _authorities.Activate();
        Log.AuthorityActivated(_logger, _options.TrustDomain);
    });

    public void TaintAuthority() => Locked(() =>
    {
        _authorities.Taint();
        Log.AuthorityTainted(_logger, _options.TrustDomain);
        foreach (var workload in _workloads.Values) RotateAndPublish(workload);
    });

    public void RevokeAuthority() => Locked(() =>
    {
        _authorities.Revoke();
        PublishAll();
        Log.AuthorityRevoked(_logger, _options.TrustDomain);
    });

    public void AddFederated(TrustMaterial other) => Locked(() =>
    {
        if (other.TrustDomain == _options.TrustDomain)
            throw new ArgumentException($"'{other.TrustDomain}' is the agent's own trust domain; only other trust domains can be federated with it.");
        _federated[other.TrustDomain.Name] = other;
        PublishAll();
        Log.Federated(_logger, other.TrustDomain);
    });

    public bool RemoveFederated(TrustDomain trustDomain) => Locked(() =>
    {
        if (!_federated.Remove(trustDomain.Name)) return false;
        PublishAll();
        Log.NotFederated(_logger, trustDomain);
        return true;
    });

    /// <summary>Signs a token for each selected SVID with the active authority.</summary>
    public ImmutableArray<string> SignTokens(IEnumerable<IssuedX509Svid> svids, IReadOnlyCollection<string> audiences) => Locked(() =>
        svids.Select(s => _authorities.Active.IssueJwtSvid(s.Id, audiences, _options.JwtLifetime)).ToImmutableArray());

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            _authorities.Dispose();
        }
    }

    private void Add(DevWorkload workload, DevIdentity identity)
    {
        var id = identity.ToId(_options.TrustDomain);
        var others = workload.Svids.RemoveAll(s => s.Id == id);

        // Workload API §5.2.1: a client ignores the second identity of one hint.
        if (identity.Hint.Length > 0 && others.FirstOrDefault(s => s.Identity.Hint == identity.Hint) is { } twin)
            throw new ArgumentException($"The workload '{workload.Name}' already has the hint '{identity.Hint}' for '{twin.Id}'; use another one for '{id}'.");

        var svid = _authorities.Active.Issue(id, identity, _options.KeyAlgorithm, _options.SvidLifetime);
        if (others.IsEmpty) workload.RotateAt = _options.TimeProvider.GetUtcNow() + _options.SvidLifetime / 2;

        // An identity that is registered again keeps its position, because the first is the default one.
        var place = workload.Svids.IndexOf(workload.Svids.FirstOrDefault(s => s.Id == id)!);
        workload.Svids = place >= 0 ? workload.Svids.SetItem(place, svid) : workload.Svids.Add(svid);
    }

    private void RotateAndPublish(DevWorkload workload)
    {
        workload.Svids = [.. workload.Svids.Select(s => _authorities.Active.Issue(s.Id, s.Identity, _options.KeyAlgorithm, _options.SvidLifetime))];
        workload.RotateAt = _options.TimeProvider.GetUtcNow() + _options.SvidLifetime / 2;
        Publish(workload);
        foreach (var svid in workload.Svids) Log.Renewed(_logger, svid.Id, workload.Name, svid.SerialNumber, svid.NotAfter);
    }

    private void PublishAll()
    {
        foreach (var workload in _workloads.Values) Publish(workload);
    }

    private void Publish(DevWorkload workload) => workload.Publish(new WorkloadSnapshot(workload.Svids, _authorities.Public, [.. _federated.Values]));

    private void Locked(Action action) => Locked(() =>
    {
        action();
        return true;
    });

    private T Locked<T>(Func<T> action)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(DevAgent));
            return action();
        }
    }

    /// <seealso cref="DevAgent.LogCategory"/>
    private static partial class Log
    {
        /// <summary>
        /// An identity of a workload has a new certificate: the previous one reached half of its lifetime, its authority was tainted, or the application called
        /// <c>Rotate</c>.
        /// </summary>
        /// <remarks>Nothing.</remarks>
        [LoggerMessage(1, LogLevel.Information, "Identity {SpiffeId} of workload '{Workload}' renewed: serial number {SerialNumber}, valid until {NotAfter:u}.", EventName = "SvidRenewed")]
        public static partial void Renewed(ILogger logger, SpiffeId spiffeId, string workload, string serialNumber, DateTimeOffset notAfter);

        /// <summary>The application registered an identity for a workload, or changed its hint or its DNS names.</summary>
        /// <remarks>Nothing.</remarks>
        [LoggerMessage(2, LogLevel.Information, "Identity {Path} registered for workload '{Workload}'.", EventName = "IdentityRegistered")]
        public static partial void Registered(ILogger logger, string workload, string path);

        /// <summary>The application withdrew an identity from a workload, which is notified at once.</summary>
        /// <remarks>Nothing. If it was not intended, find the call of <c>Unregister</c>.</remarks>
        [LoggerMessage(3, LogLevel.Information, "Identity {SpiffeId} withdrawn from workload '{Workload}'.", EventName = "IdentityUnregistered")]
        public static partial void Unregistered(ILogger logger, string workload, SpiffeId spiffeId);

        /// <summary>Rotation of the authority, step one: a new root and a new JWT key are in the bundle; the old ones still sign.</summary>
        /// <remarks>Nothing. Wait until workloads have received it before <c>ActivateAuthority</c>.</remarks>
        [LoggerMessage(4, LogLevel.Information, "A new authority of {TrustDomain} was added to the bundle.", EventName = "AuthorityPrepared")]
        public static partial void AuthorityPrepared(ILogger logger, TrustDomain trustDomain);

        /// <summary>Rotation of the authority, step two: the new one signs everything issued from now on; the old one stays in the bundle.</summary>
        /// <remarks>Nothing. The next step is <c>TaintAuthority</c>.</remarks>
        [LoggerMessage(5, LogLevel.Information, "The new authority of {TrustDomain} signs from now on.", EventName = "AuthorityActivated")]
        public static partial void AuthorityActivated(ILogger logger, TrustDomain trustDomain);

        /// <summary>Rotation of the authority, step four: the old one was removed from the bundle, and SVIDs that it signed are no longer trusted.</summary>
        /// <remarks>Nothing. A peer that is rejected as <c>NotTrusted</c> from now on does not use its renewed SVID.</remarks>
        [LoggerMessage(6, LogLevel.Information, "The old authority of {TrustDomain} was removed from the bundle.", EventName = "AuthorityRevoked")]
        public static partial void AuthorityRevoked(ILogger logger, TrustDomain trustDomain);

        /// <summary>Rotation of the authority, step three: SVIDs that the old one signed are renewed with the new one at once.</summary>
        /// <remarks>Nothing. The next step is <c>RevokeAuthority</c>, when all workloads have their new SVIDs.</remarks>
        [LoggerMessage(9, LogLevel.Information, "The old authority of {TrustDomain} is tainted: SVIDs that it signed are renewed.", EventName = "AuthorityTainted")]
        public static partial void AuthorityTainted(ILogger logger, TrustDomain trustDomain);

        /// <summary>The application federated another trust domain: workloads have its bundle and can verify its peers.</summary>
        /// <remarks>Nothing.</remarks>
        [LoggerMessage(7, LogLevel.Information, "The bundle of {TrustDomain} was added: workloads can verify its peers.", EventName = "FederatedBundleAdded")]
        public static partial void Federated(ILogger logger, TrustDomain trustDomain);

        /// <summary>The application ended the federation with a trust domain: workloads no longer get its bundle and reject its peers as <c>UnknownTrustDomain</c>.</summary>
        /// <remarks>Nothing.</remarks>
        [LoggerMessage(8, LogLevel.Information, "The bundle of {TrustDomain} was removed: workloads reject its peers.", EventName = "FederatedBundleRemoved")]
        public static partial void NotFederated(ILogger logger, TrustDomain trustDomain);
    }
}
