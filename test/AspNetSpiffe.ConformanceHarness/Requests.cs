namespace AspNetSpiffe.ConformanceHarness;

/// <summary>Asks for a connection to a server: an IP address and a port.</summary>
internal sealed record DialRequest
{
    public required string Address { get; init; }
}

/// <summary>Asks for tokens.</summary>
internal sealed record FetchRequest
{
    public required IReadOnlyList<string> Audience { get; init; }

    /// <summary>Gets which identity is wanted; none or an empty text means all of them.</summary>
    public string? SpiffeId { get; init; }
}

/// <summary>Asks whether a token is good.</summary>
internal sealed record ValidateRequest
{
    public required string Token { get; init; }

    /// <summary>Gets who the validator is.</summary>
    public required string Audience { get; init; }
}
