using AspNetSpiffe.Cli.Output;

namespace AspNetSpiffe.Cli.Doctor;

/// <summary>Checks the trust bundles: each trust domain with its authorities.</summary>
internal static class BundleCheck
{
    private static readonly TimeSpan Soon = TimeSpan.FromDays(7);

    public static IEnumerable<Finding> Look(Answer<X509BundleSet> x509, Answer<JwtBundleSet> jwt, TrustDomain? ours, DateTimeOffset now)
    {
        if (x509.Value is not { } bundles) return [new("bundles", Verdict.Failed, x509.Failure!.Message, "Without bundles no peer can be verified.")];
        if (bundles.Count == 0) return [new("bundles", Verdict.Failed, "none", "Without bundles no peer can be verified: check the agent's log.")];
        return bundles.OrderBy(bundle => bundle.TrustDomain != ours).ThenBy(static bundle => bundle.TrustDomain.Name, StringComparer.Ordinal)
            .Select(bundle => Look(bundle, jwt.Value?.Find(bundle.TrustDomain), bundle.TrustDomain == ours, now));
    }

    private static Finding Look(X509Bundle bundle, JwtBundle? keys, bool isOurs, DateTimeOffset now)
    {
        var what = $"{bundle.TrustDomain}{(isOurs ? " (ours)" : "")}: {Examination.Count(bundle.Authorities.Length, "X.509 authority", "X.509 authorities")}, {Examination.Count(keys?.Authorities.Length ?? 0, "token key")}";
        if (bundle.Authorities.IsEmpty) return new("bundles", Verdict.Warning, what, "Peers of this trust domain cannot be verified: contact its operator.");

        var last = bundle.Authorities.Max(static authority => new DateTimeOffset(authority.NotAfter.ToUniversalTime()));
        var until = $"{what}, the last until {Times.Describe(last)}";
        if (last < now) return new("bundles", isOurs ? Verdict.Failed : Verdict.Warning, until, "All its authorities have expired, so its peers cannot be verified: its server must create new ones.");
        return last - now < Soon
            ? new("bundles", Verdict.Warning, until, "Its authorities expire soon: its server must have prepared new ones by then.")
            : new("bundles", Verdict.Ok, until);
    }
}
