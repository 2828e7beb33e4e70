using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace AspNetSpiffe;

/// <summary>The address of the Workload API: a Unix socket, a TCP endpoint or a named pipe on this host (SPIFFE Workload Endpoint §4).</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed partial class WorkloadApiAddress : IEquatable<WorkloadApiAddress>
{
    /// <summary>The environment variable with the address, used when none is configured: <c>SPIFFE_ENDPOINT_SOCKET</c>.</summary>
    public const string EnvironmentVariable = "SPIFFE_ENDPOINT_SOCKET";

    private readonly string _text;

    private WorkloadApiAddress(string text, EndPoint endPoint) => (_text, EndPoint) = (text, endPoint);

    /// <summary>Gets whether the address is on this host: a Unix socket, a named pipe or the loopback interface. The Workload API should not be exposed elsewhere (§3).</summary>
    public bool IsLocal => EndPoint is not IPEndPoint ip || IPAddress.IsLoopback(ip.Address);

    internal EndPoint EndPoint { get; }

    /// <summary>Parses an address (SPIFFE Workload Endpoint §4): <c>unix:///run/spire/agent.sock</c>, <c>unix:/run/spire/agent.sock</c>, <c>tcp://127.0.0.1:8081</c>, <c>tcp://[::1]:8081</c>, or, for Windows, <c>npipe:spire-agent\public\api</c>.</summary>
    /// <remarks>Named pipes are not in the standard: the form is that of SPIRE and go-spiffe. They are tested with .NET's pipes on Linux, not on Windows.</remarks>
    /// <exception cref="FormatException">The text is not a valid address; the message says what to write instead.</exception>
    public static WorkloadApiAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var address, out var problem) ? address : throw new FormatException(problem);
    }

    /// <summary>Parses an address; returns <see langword="false"/> if the text is not one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out WorkloadApiAddress? address)
    {
        address = null;
        return text is not null && TryParse(text, out address, out _);
    }

    /// <summary>Reads the address from the environment variable <c>SPIFFE_ENDPOINT_SOCKET</c>.</summary>
    /// <exception cref="FormatException">The variable is not set, or is not a valid address.</exception>
    public static WorkloadApiAddress FromEnvironment()
    {
        var text = Environment.GetEnvironmentVariable(EnvironmentVariable);
        if (string.IsNullOrEmpty(text))
            throw new FormatException($"The address of the SPIFFE Workload API is not configured. Set 'Spiffe:EndpointSocket' or the environment variable {EnvironmentVariable}, for example to 'unix:///run/spire/agent.sock'.");

        return TryParse(text, out var address, out var problem) ? address : throw new FormatException($"The environment variable {EnvironmentVariable}: {problem}");
    }

    /// <inheritdoc/>
    public bool Equals([NotNullWhen(true)] WorkloadApiAddress? other) => other is not null && EndPoint.Equals(other.EndPoint);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => Equals(obj as WorkloadApiAddress);

    /// <inheritdoc/>
    public override int GetHashCode() => EndPoint.GetHashCode();

    /// <summary>Returns the address as it was written.</summary>
    public override string ToString() => _text;

    // A configured address takes precedence over the environment variable (§4).
    internal static WorkloadApiAddress Resolve(string? configured) => string.IsNullOrEmpty(configured) ? FromEnvironment() : Parse(configured);

    private static bool TryParse(string text, [NotNullWhen(true)] out WorkloadApiAddress? address, out string problem)
    {
        problem = Scan(text, out var endPoint) is { } mistake ? $"{SpiffeIdProblem.Quote(text)} is not an address of a Workload API: {mistake}" : "";
        address = endPoint is null ? null : new(text, endPoint);
        return address is not null;
    }
}
