using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>The data of the diagnostics page, in the shape of its JSON. It contains no key and no token; many of its texts come from unauthenticated peers.</summary>
internal sealed record DiagnosticsReport(
    DateTimeOffset At,
    OriginReport Origin,
    ImmutableArray<SvidReport> Svids,
    ImmutableArray<BundleReport> Bundles,
    ImmutableArray<CallerReport> Callers,
    ImmutableArray<SpiffeRefusalGroup> Refusals,
    ImmutableArray<SpiffeClientStatus> Clients,
    AccessReport Access);

/// <summary>The origin of our identity, and its last events, the newest first.</summary>
internal sealed record OriginReport(
    string Name, bool IsAgent, bool IsConnected, DateTimeOffset? LastUpdate, string? Problem, ImmutableArray<SpiffeWatchEvent> Events, ImmutableArray<string> Remarks);

/// <summary>One of our SVIDs. Its chain begins with the leaf and ends with the authority, if that is in our bundle.</summary>
internal sealed record SvidReport(string Id, string Hint, bool IsDefault, DateTimeOffset NotBefore, DateTimeOffset NotAfter, ImmutableArray<CertificateReport> Chain);

/// <summary>A certificate of a chain or a bundle: <c>leaf</c>, <c>intermediate</c> or <c>authority</c>.</summary>
internal sealed record CertificateReport(string Kind, string Subject, string SerialNumber, DateTimeOffset NotBefore, DateTimeOffset NotAfter);

/// <summary>The bundle of a trust domain.</summary>
internal sealed record BundleReport(string TrustDomain, bool IsOurs, ImmutableArray<CertificateReport> Authorities);

/// <summary>A caller with open connections, of which some are listed.</summary>
internal sealed record CallerReport(string Id, int Count, DateTimeOffset Since, DateTimeOffset ValidUntil, ImmutableArray<ConnectionReport> Connections);

/// <summary>An open connection: <c>open</c>, <c>closing</c> because its SVID expires soon, or closed for a reason.</summary>
internal sealed record ConnectionReport(string? Remote, DateTimeOffset Since, DateTimeOffset ValidUntil, string State);

/// <summary>The access matrix, and the answers for the queried ID, if there is one.</summary>
internal sealed record AccessReport(string AllowedPeers, string? Asked, string? Mistake, AnswerReport? Connect, ImmutableArray<EndpointReport> Endpoints);

/// <summary>An endpoint and its requirements.</summary>
internal sealed record EndpointReport(string Methods, string Pattern, string? Note, ImmutableArray<RuleReport> Rules, Answer? Answer);

/// <summary>One requirement: on the <c>certificate</c> of the connection, on the <c>caller</c>, on a <c>user</c>, or one of the <c>application</c>.</summary>
internal sealed record RuleReport(string Of, string Demand, AnswerReport? Answer);

/// <summary>Whether the queried ID meets a requirement, and why.</summary>
internal sealed record AnswerReport(Answer Answer, string Why);

/// <summary>Whether a requirement is met.</summary>
internal enum Answer
{
    Yes,
    No,

    /// <summary>Code of the application decides; it is not called.</summary>
    Depends,
}
