namespace HttpMtls.Server;

/// <summary>What <c>config.yaml</c> and the environment say; the environment wins.</summary>
internal sealed record Settings
{
    public string? AgentSocket { get; private init; }

    /// <summary>The trust domain that the SVID must be of; by default any.</summary>
    public string? TrustDomain { get; private init; }

    public required bool HttpEnabled { get; init; }

    public required string ServerUrl { get; init; }

    public required string HealthUrl { get; init; }

    /// <summary>How long a request may take; by default as long as it likes.</summary>
    public TimeSpan? Timeout { get; private init; }

    /// <summary>Patterns of who may connect, and whose tokens count; by default the members of our own trust domain.</summary>
    public IReadOnlyList<string>? AllowedClients { get; private init; }

    public string? JwtAudience { get; private init; }

    /// <exception cref="FormatException">The file or a variable says something that cannot be meant; the text names each.</exception>
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

    // SPIFFE_ENDPOINT_SOCKET is the library's own; SPIRE's habit is a bare path.
    private static string? AgentSocketOf(string? path) =>
        Environment.GetEnvironmentVariable("SPIFFE_ENDPOINT_SOCKET") is { Length: > 0 } ? null : path is not null && path.StartsWith('/') ? $"unix://{path}" : path;

    // ':8443' means every address of this host.
    private static string UrlOf(string scheme, string address) => $"{scheme}://{(address.StartsWith(':') ? "*" : "")}{address}";
}
