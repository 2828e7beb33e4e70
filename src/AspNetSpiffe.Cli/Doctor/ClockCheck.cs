using System.Collections.Immutable;

namespace AspNetSpiffe.Cli.Doctor;

/// <summary>Compares our clock with that of the issuer: by the issue time of a new token, or else by the start of validity of the SVID.</summary>
internal static class ClockCheck
{
    // Verifiers of tokens tolerate 30 s by default.
    private static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Harmful = TimeSpan.FromSeconds(30);

    private const string Remedy = "Synchronise the clocks of this machine and of the SPIRE server with a time service (chrony, systemd-timesyncd).";

    public static Finding Look(Answer<ImmutableArray<JwtSvid>> tokens, X509Context? context, DateTimeOffset now)
    {
        // The error of the measurement is at most the duration of the call.
        if (tokens.Value is { IsDefaultOrEmpty: false } svids && svids[0].IssuedAt is { } issuedAt) return OfSkew(now - issuedAt - tokens.Took);
        if (context is null) return new("clock", Verdict.Skipped, "cannot be checked: there is neither a token nor an SVID");

        var from = context.DefaultSvid.NotBefore;
        return now < from
            ? new("clock", Verdict.Failed, $"the SVID becomes valid in {Duration.Describe(from - now)}: this clock is behind", Remedy)
            : new("clock", Verdict.Ok, $"within the SVID's validity; an exact check requires a token with 'iat'");
    }

    private static Finding OfSkew(TimeSpan skew)
    {
        // 'iat' has whole seconds.
        var size = TimeSpan.FromSeconds(Math.Max(0, Math.Floor(skew.Duration().TotalSeconds)));
        if (size < Noticeable) return new("clock", Verdict.Ok, "agrees with that of the issuer to within 5 s, by a token that it has just issued");

        var what = $"{Duration.Describe(size)} {(skew > TimeSpan.Zero ? "ahead of" : "behind")} that of the issuer, by a token that it has just issued";
        return size < Harmful ? new("clock", Verdict.Warning, what, Remedy) : new("clock", Verdict.Failed, $"{what}; verifiers tolerate 30 s", Remedy);
    }
}
