using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>All that the diagnostics page shows, as its JSON has it. It has no key and no token; many of its texts are a stranger's.</summary>
internal sealed record DiagnosticsReport(
    DateTimeOffset At,
    OriginReport Origin,
    ImmutableArray<SvidReport> Svids,
    ImmutableArray<BundleReport> Bundles,
    ImmutableArray<CallerReport> Callers,
    ImmutableArray<SpiffeRefusalGroup> Refusals,
    ImmutableArray<SpiffeClientStatus> Clients,
    AccessReport Access);

/// <summary>Where our identity comes from, and what came last, the newest first.</summary>
internal sealed record OriginReport(
    string Name, bool IsAgent, bool IsConnected, DateTimeOffset? LastUpdate, string? Problem, ImmutableArray<SpiffeWatchEvent> Events, ImmutableArray<string> Remarks);

/// <summary>An SVID of ours; its chain begins with the leaf and ends with the authority, if that is in our bundle.</summary>
internal sealed record SvidReport(string Id, string Hint, bool IsDefault, DateTimeOffset NotBefore, DateTimeOffset NotAfter, ImmutableArray<CertificateReport> Chain);

/// <summary>A certificate of a chain or a bundle: <c>leaf</c>, <c>intermediate</c> or <c>authority</c>.</summary>
internal sealed record CertificateReport(string Kind, string Subject, string SerialNumber, DateTimeOffset NotBefore, DateTimeOffset NotAfter);

/// <summary>The bundle of a trust domain.</summary>
internal sealed record BundleReport(string TrustDomain, bool IsOurs, ImmutableArray<CertificateReport> Authorities);

/// <summary>A caller with open connections, of which some are listed.</summary>
internal sealed record CallerReport(string Id, int Count, DateTimeOffset Since, DateTimeOffset ValidUntil, ImmutableArray<ConnectionReport> Connections);

/// <summary>An open connection: <c>open</c>, <c>closing</c> because its SVID expires soon, or ended for a reason.</summary>
internal sealed record ConnectionReport(string? Remote, DateTimeOffset Since, DateTimeOffset ValidUntil, string State);

/// <summary>Who may call what, and what that means for the ID that was asked about, if one was.</summary>
internal sealed record AccessReport(string AllowedPeers, string? Asked, string? Mistake, AnswerReport? Connect, ImmutableArray<EndpointReport> Endpoints);

/// <summary>An endpoint and all that it demands.</summary>
internal sealed record EndpointReport(string Methods, string Pattern, string? Note, ImmutableArray<RuleReport> Rules, Answer? Answer);

/// <summary>One demand: of the <c>certificate</c> of the connection, of the <c>caller</c>, of a <c>user</c>, or of the <c>application</c>'s own kind.</summary>
internal sealed record RuleReport(string Of, string Demand, AnswerReport? Answer);

/// <summary>Whether the ID that was asked about passes, and why.</summary>
internal sealed record AnswerReport(Answer Answer, string Why);

/// <summary>Whether somebody passes.</summary>
internal enum Answer
{
    Yes,
    No,

    /// <summary>Code of the application decides, which is not asked.</summary>
    Depends,
}
