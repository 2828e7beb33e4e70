namespace HttpMtls.Client;

/// <summary>What the environment says.</summary>
internal sealed record Settings(string? AgentSocket, Uri ServerUrl, string? ExpectedServer, string? JwtAudience)
{
    public static Settings FromEnvironment() => new(
        AgentSocketOf(Read("SPIRE_AGENT_SOCKET")), new Uri(Read("SERVER_URL") ?? "https://localhost:8443"), Read("EXPECTED_SERVER_ID"), Read("JWT_AUDIENCE"));

    // SPIFFE_ENDPOINT_SOCKET is the library's own; SPIRE's habit is a bare path in a variable of its own.
    private static string? AgentSocketOf(string? path) =>
        Read("SPIFFE_ENDPOINT_SOCKET") is not null ? null : path is not null && path.StartsWith('/') ? $"unix://{path}" : path;

    private static string? Read(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
