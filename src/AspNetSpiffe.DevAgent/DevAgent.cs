using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>A SPIFFE Workload API server with its own certificate authority, in memory, for development and tests. Never for production.</summary>
/// <remarks>
/// One Unix socket of mode 0600 per workload: any process that can open it gets the identity of that workload, without attestation. Serves the X.509 and the JWT
/// profile of the Workload API (Workload API §§5 and 6). A change is pushed to open streams at once. Thread-safe. Members throw
/// <see cref="ObjectDisposedException"/> once the agent has stopped.
/// </remarks>
public sealed class DevAgent : IAsyncDisposable
{
    internal const string LogCategory = "AspNetSpiffe.DevAgent";

    // Timers are limited to 49 days; a check per day costs nothing.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly DevAgentState _state;
    private readonly SocketFolder _folder;
    private readonly WorkloadApiServer _server;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _schedule;
    private readonly Lazy<Task> _stopped;

    private DevAgent(DevAgentState state, SocketFolder folder, WorkloadApiServer server, DevAgentOptions options)
    {
        (_state, _folder, _server) = (state, folder, server);
        TrustDomain = options.TrustDomain;
        Addresses = state.Workloads.ToImmutableDictionary(static w => w.Name, static w => ToAddress(w.SocketPath), StringComparer.Ordinal);
        _schedule = RotateBySchedule(options.TimeProvider, _stopping.Token);
        _stopped = new(StopOnceAsync);
    }

    /// <summary>Gets the trust domain of the issued identities.</summary>
    public TrustDomain TrustDomain { get; }

    /// <summary>Gets the address of each workload, by its name: a value for <c>SPIFFE_ENDPOINT_SOCKET</c>, as in <c>unix:///tmp/agent/server.sock</c>.</summary>
    public IReadOnlyDictionary<string, string> Addresses { get; }

    /// <summary>Gets the root certificates in the current bundle of the agent's trust domain.</summary>
    public ImmutableArray<X509Certificate2> X509Authorities => _state.Public.X509Authorities;

    /// <summary>Starts an agent. When this returns, its sockets accept connections.</summary>
    /// <param name="options">The workloads and their sockets.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="ArgumentException">The options have no workload, or an identity, a hint or a lifetime that is not valid.</exception>
    /// <exception cref="IOException">
    /// A socket's path is too long for a Unix socket, or another process already listens on it; or other users could replace the sockets in the directory.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">This is Windows.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory cannot be created or written to.</exception>
    public static async Task<DevAgent> StartAsync(DevAgentOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.ThrowIfInvalid();

        var logger = options.LoggerFactory.CreateLogger(LogCategory);
        var folder = new SocketFolder(options);
        var state = new DevAgentState(options, folder, logger);
        try
        {
            await folder.PrepareAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // An existing socket belongs to another agent: remove only a directory that this agent created.
            folder.RemoveIfMade();
            state.Dispose();
            throw;
        }

        var server = await WorkloadApiServer.CreateAsync(state, options, logger).ConfigureAwait(false);
        try
        {
            await server.StartAsync(cancellationToken).ConfigureAwait(false);
            return new DevAgent(state, folder, server, options);
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            state.Dispose();
            folder.Remove();
            throw;
        }
    }

    /// <summary>Gets the address of a workload: a value for <c>SPIFFE_ENDPOINT_SOCKET</c>, as in <c>unix:///tmp/agent/server.sock</c>.</summary>
    /// <param name="workload">The name of the workload.</param>
    /// <exception cref="ArgumentException">The agent was started without such a workload.</exception>
    public string AddressOf(string workload) => Addresses[_state.Get(workload).Name];

    /// <summary>Renews all identities of all workloads now.</summary>
    public void Rotate() => _state.RotateAll();

    /// <summary>Renews all identities of one workload now.</summary>
    /// <param name="workload">The name of the workload.</param>
    /// <exception cref="ArgumentException">The agent was started without such a workload.</exception>
    public void Rotate(string workload) => _state.Rotate(workload);

    /// <summary>Rotates the authority, step one: a new root and a new JWT key are added to the bundle; the current ones still sign.</summary>
    /// <exception cref="InvalidOperationException">A new authority has already been prepared.</exception>
    public void PrepareAuthority() => _state.PrepareAuthority();

    /// <summary>Rotates the authority, step two: the prepared one signs everything issued from now on; the old one stays in the bundle.</summary>
    /// <exception cref="InvalidOperationException">No authority has been prepared, or the old one of the last rotation has not been revoked.</exception>
    public void ActivateAuthority() => _state.ActivateAuthority();

    /// <summary>Rotates the authority, step three: the old one is tainted, so all identities are renewed with the new one at once instead of at half of their lifetimes.</summary>
    /// <exception cref="InvalidOperationException">There is no old authority.</exception>
    public void TaintAuthority() => _state.TaintAuthority();

    /// <summary>Rotates the authority, step four: the old one is removed from the bundle. SVIDs that it signed are no longer trusted.</summary>
    /// <exception cref="InvalidOperationException">There is no old authority, or it has not been tainted.</exception>
    public void RevokeAuthority() => _state.RevokeAuthority();

    /// <summary>Lets all workloads verify peers of another agent's trust domain, with its current authorities.</summary>
    /// <param name="other">The other agent. Call this again after a change of its authorities.</param>
    /// <exception cref="ArgumentException">It has the same trust domain.</exception>
    public void AddFederatedBundle(DevAgent other)
    {
        ArgumentNullException.ThrowIfNull(other);
        _state.AddFederated(other._state.Public);
    }

    /// <summary>Lets all workloads verify peers of another authority's trust domain.</summary>
    /// <param name="other">The other authority. It replaces the previous bundle of its trust domain.</param>
    /// <exception cref="ArgumentException">It has the same trust domain.</exception>
    public void AddFederatedBundle(DevCertificateAuthority other)
    {
        ArgumentNullException.ThrowIfNull(other);
        _state.AddFederated(other.Public);
    }

    /// <summary>Removes the bundle of another trust domain, so that workloads reject its peers.</summary>
    /// <param name="trustDomain">The other trust domain.</param>
    /// <returns>Whether it was federated.</returns>
    public bool RemoveFederatedBundle(TrustDomain trustDomain)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);
        return _state.RemoveFederated(trustDomain);
    }

    /// <summary>Registers another identity for a workload, or changes the hint and DNS names of an existing one.</summary>
    /// <param name="workload">The name of the workload.</param>
    /// <param name="identity">The identity. A new one becomes the last; an existing one keeps its position.</param>
    /// <exception cref="ArgumentException">The agent was started without such a workload, or the identity or its hint is not valid.</exception>
    public void Register(string workload, DevIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        _state.Register(workload, identity);
    }

    /// <summary>Withdraws one identity from a workload. Calls and open streams of a workload without identities end with PermissionDenied (Workload API §5.2.1).</summary>
    /// <param name="workload">The name of the workload.</param>
    /// <param name="path">The path of the identity's SPIFFE ID.</param>
    /// <exception cref="ArgumentException">The agent was started without such a workload.</exception>
    public void Unregister(string workload, string path) => _state.Unregister(workload, i => i.Path == path);

    /// <summary>Withdraws all identities from a workload. Its calls and open streams end with PermissionDenied (Workload API §5.2.1).</summary>
    /// <param name="workload">The name of the workload.</param>
    /// <exception cref="ArgumentException">The agent was started without such a workload.</exception>
    public void Unregister(string workload) => _state.Unregister(workload, static _ => true);

    /// <summary>Stops the agent: streams end with Unavailable, the sockets are removed, and the directory too if the agent made it.</summary>
    public Task StopAsync() => _stopped.Value;

    /// <inheritdoc cref="StopAsync"/>
    public ValueTask DisposeAsync() => new(_stopped.Value);

    // A path may contain characters that are special in a URI; '%' must be escaped first.
    internal static string ToAddress(string path) => "unix://" + new PathString(path.Replace("%", "%25", StringComparison.Ordinal)).ToUriComponent();

    private async Task RotateBySchedule(TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            var wait = _state.RotateDue();
            await Task.Delay(wait < LongestWait ? wait : LongestWait, time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested) return;
        }
    }

    private async Task StopOnceAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _schedule.ConfigureAwait(false);
        await _server.StopAsync().ConfigureAwait(false);
        await _server.DisposeAsync().ConfigureAwait(false);
        _state.Dispose();
        _folder.Remove();
        _stopping.Dispose();
    }
}
