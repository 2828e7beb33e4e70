namespace HttpMtls.Server;

/// <summary>What the environment says.</summary>
internal sealed record Settings(string? AgentSocket, string ServerUrl, string HealthUrl, string? AllowedClient, string? JwtAudience)
{
    public static Settings FromEnvironment() => new(
        AgentSocketOf(Read("SPIRE_AGENT_SOCKET")),
        UrlOf("https", Read("SERVER_ADDRESS") ?? ":8443"),
        UrlOf("http", Read("HEALTH_ADDRESS") ?? ":8080"),
        Read("ALLOWED_CLIENT_ID"),
        Read("JWT_AUDIENCE"));

    // SPIFFE_ENDPOINT_SOCKET is the library's own; SPIRE's habit is a bare path in a variable of its own.
    private static string? AgentSocketOf(string? path) =>
        Read("SPIFFE_ENDPOINT_SOCKET") is not null ? null : path is not null && path.StartsWith('/') ? $"unix://{path}" : path;

    // ':8443' means every address of this host.
    private static string UrlOf(string scheme, string address) => $"{scheme}://{(address.StartsWith(':') ? "*" : "")}{address}";

    private static string? Read(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
