namespace HttpMtls.Client;

/// <summary>The settings from the environment.</summary>
internal sealed record Settings(string? AgentSocket, Uri ServerUrl, string? ExpectedServer, string? JwtAudience)
{
    public static Settings FromEnvironment() => new(
        AgentSocketOf(Read("SPIRE_AGENT_SOCKET")), new Uri(Read("SERVER_URL") ?? "https://localhost:8443"), Read("EXPECTED_SERVER_ID"), Read("JWT_AUDIENCE"));

    // The library reads SPIFFE_ENDPOINT_SOCKET itself; SPIRE's own variable may contain a bare path.
    private static string? AgentSocketOf(string? path) =>
        Read("SPIFFE_ENDPOINT_SOCKET") is not null ? null : path is not null && path.StartsWith('/') ? $"unix://{path}" : path;

    private static string? Read(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
