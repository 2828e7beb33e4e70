namespace HttpMtls.Server;

/// <summary>The settings from <c>config.yaml</c> and the environment, which takes precedence.</summary>
internal sealed record Settings
{
    public string? AgentSocket { get; private init; }

    /// <summary>The trust domain that the SVID must be of; by default any.</summary>
    public string? TrustDomain { get; private init; }

    public required bool HttpEnabled { get; init; }

    public required string ServerUrl { get; init; }

    public required string HealthUrl { get; init; }

    /// <summary>The request timeout; none by default.</summary>
    public TimeSpan? Timeout { get; private init; }

    /// <summary>Patterns of the allowed peers and token owners; by default the members of our own trust domain.</summary>
    public IReadOnlyList<string>? AllowedClients { get; private init; }

    public string? JwtAudience { get; private init; }

    /// <exception cref="FormatException">The file or a variable has invalid values; the message lists all of them.</exception>
    public static Settings Read()
    {
        var reader = new SettingsReader(ReadFile());
        var settings = new Settings
        {
            AgentSocket = AgentSocketOf(reader.Text("spire.socket_path", "SPIRE_AGENT_SOCKET")),
            TrustDomain = reader.TrustDomain("spire.trust_domain", "SPIRE_TRUST_DOMAIN"),
            HttpEnabled = reader.Flag("http.enabled", "HTTP_ENABLED") ?? true,
            ServerUrl = UrlOf("https", reader.Text("http.address", "HTTP_ADDRESS") ?? ":8443"),
            HealthUrl = UrlOf("http", reader.Text("health.address", "HEALTH_ADDRESS") ?? ":8080"),
            Timeout = reader.Duration("http.timeout", "HTTP_TIMEOUT"),
            AllowedClients = reader.AllowedClients(),
            JwtAudience = reader.Text("jwt.audience", "JWT_AUDIENCE"),
        };
        reader.ThrowIfMistaken();
        return settings;
    }

    private static IConfiguration ReadFile()
    {
        var file = Environment.GetEnvironmentVariable("CONFIG_FILE");
        return new ConfigurationBuilder().AddYamlFile(Path.GetFullPath(file ?? "config.yaml"), optional: file is null).Build();
    }

    // The library reads SPIFFE_ENDPOINT_SOCKET itself; SPIRE's own variable may contain a bare path.
    private static string? AgentSocketOf(string? path) =>
        Environment.GetEnvironmentVariable("SPIFFE_ENDPOINT_SOCKET") is { Length: > 0 } ? null : path is not null && path.StartsWith('/') ? $"unix://{path}" : path;

    // ':8443' means every address of this host.
    private static string UrlOf(string scheme, string address) => $"{scheme}://{(address.StartsWith(':') ? "*" : "")}{address}";
}
