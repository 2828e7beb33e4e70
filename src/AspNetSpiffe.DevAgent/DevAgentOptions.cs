using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AspNetSpiffe;

/// <summary>The workloads, sockets and SVID lifetimes of a development agent. Not thread-safe: do not change it while an agent starts with it.</summary>
public sealed class DevAgentOptions
{
    private readonly OrderedDictionary<string, IReadOnlyList<DevIdentity>> _workloads = new(StringComparer.Ordinal);

    /// <summary>Gets or sets the trust domain that the agent issues identities of.</summary>
    /// <value>Default: <c>example.org</c>.</value>
    public TrustDomain TrustDomain { get; set; } = TrustDomain.Parse("example.org");

    /// <summary>Gets or sets the directory of the sockets: one per workload, with its name.</summary>
    /// <value>Default: <see langword="null"/>, a new temporary directory of mode 0700.</value>
    /// <remarks>
    /// A directory that the agent created is removed when it stops; from an existing directory, only the sockets are removed. One that belongs to another user, or that
    /// others can write to, is rejected: they could replace the sockets.
    /// </remarks>
    public string? Directory { get; set; }

    /// <summary>Gets or sets the lifetime of an X509-SVID.</summary>
    /// <value>Default: 1 hour. From 1 second to 365 days.</value>
    /// <remarks>SVIDs are renewed at half of it.</remarks>
    public TimeSpan SvidLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Gets or sets the lifetime of a JWT-SVID.</summary>
    /// <value>Default: 5 minutes. From 1 second to 365 days.</value>
    public TimeSpan JwtLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Gets or sets the key type of X509-SVIDs.</summary>
    /// <value>Default: <see cref="DevKeyAlgorithm.EcdsaP256"/>.</value>
    public DevKeyAlgorithm KeyAlgorithm { get; set; } = DevKeyAlgorithm.EcdsaP256;

    /// <summary>Gets or sets the clock of lifetimes and of the rotation schedule.</summary>
    /// <value>Default: <see cref="TimeProvider.System"/>.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Gets or sets the logger factory for events such as issued and withdrawn identities.</summary>
    /// <value>Default: no logs.</value>
    public ILoggerFactory LoggerFactory { get; set; } = NullLoggerFactory.Instance;

    /// <summary>Gets the workloads and their identities, in the order in which they were added.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<DevIdentity>> Workloads => _workloads;

    /// <summary>Adds a workload with one identity, and so a socket.</summary>
    /// <param name="name">The name of the workload and of its socket: ASCII letters, digits, '-', '_' and '.'.</param>
    /// <param name="path">The path of its SPIFFE ID, for example <c>/server</c>.</param>
    /// <returns>These options, for the next call.</returns>
    /// <exception cref="ArgumentException">The name is not valid, or already exists.</exception>
    public DevAgentOptions AddWorkload(string name, string path) => AddWorkload(name, new DevIdentity(path));

    /// <summary>Adds a workload with any number of identities, and so a socket.</summary>
    /// <param name="name">The name of the workload and of its socket: ASCII letters, digits, '-', '_' and '.'.</param>
    /// <param name="identities">Its identities; the first is its default one. Without any, its calls are rejected until one is registered.</param>
    /// <returns>These options, for the next call.</returns>
    /// <exception cref="ArgumentException">The name is not valid, or already exists.</exception>
    public DevAgentOptions AddWorkload(string name, params IReadOnlyList<DevIdentity> identities)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(identities);
        if (name.Length == 0 || name[0] == '.' || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            throw new ArgumentException($"'{name}' is not a valid name of a workload and its socket: use ASCII letters, digits, '-', '_' and '.', not '.' first.", nameof(name));
        if (!_workloads.TryAdd(name, [.. identities]))
            throw new ArgumentException($"A workload named '{name}' has already been added; pass all its identities in one call.", nameof(name));
        return this;
    }

    /// <summary>Gets or sets additional services of the server: the command line tool adds gRPC reflection, which does not support Native AOT.</summary>
    internal Action<IServiceCollection>? ConfigureServices { get; set; }

    /// <inheritdoc cref="ConfigureServices"/>
    internal Action<IEndpointRouteBuilder>? ConfigureEndpoints { get; set; }

    internal void ThrowIfInvalid()
    {
        if (_workloads.Count == 0)
            throw new ArgumentException("The development agent has no workload; add one, for example AddWorkload(\"server\", \"/server\").");
        ThrowIfNoLifetime(SvidLifetime, nameof(SvidLifetime));
        ThrowIfNoLifetime(JwtLifetime, nameof(JwtLifetime));
        if (!Enum.IsDefined(KeyAlgorithm)) throw new ArgumentException($"'{KeyAlgorithm}' is not a key algorithm of {nameof(DevKeyAlgorithm)}.");
    }

    // Longer lifetimes would outlive the authority.
    private static void ThrowIfNoLifetime(TimeSpan value, string option)
    {
        if (value < TimeSpan.FromSeconds(1) || value > TimeSpan.FromDays(365))
            throw new ArgumentException($"{option} must be from 1 second to 365 days, but is '{value}'.");
    }
}
