using AspNetSpiffe.Cli.Output;

namespace AspNetSpiffe.Cli.Doctor;

/// <summary>What the agent issues to us: whom it names, until when, and whether others can verify it.</summary>
internal static class IdentityCheck
{
    // Agents renew at half of an SVID's life.
    private const double LateShare = 0.2;

    public static IEnumerable<Finding> Look(X509Context context, DateTimeOffset now)
    {
        foreach (var svid in context.Svids) yield return Look(svid, context.Bundles, now);
        if (context.Svids.Length > 1)
            yield return new("identity", Verdict.Warning, $"{context.Svids.Length} SVIDs, in no promised order; an application uses the first", "Say which one it is with 'Spiffe:Identity' or 'Spiffe:Hint'.");
    }

    private static Finding Look(X509Svid svid, X509BundleSet bundles, DateTimeOffset now)
    {
        var what = $"{svid.Id}{(svid.Hint.Length > 0 ? $", hint '{svid.Hint}'" : "")}, until {Times.Describe(svid.NotAfter)} ({Times.DescribeLeft(svid.NotAfter, now)})";
        var (client, server) = (Verify(svid, bundles, PeerRole.Client, now), Verify(svid, bundles, PeerRole.Server, now));
        if (client != RejectionReason.None && server != RejectionReason.None)
            return new("identity", Verdict.Failed, $"{what}: nobody can verify it: {client}", $"See {Pages.OfRejection(client.ToString())}.");
        if (client != RejectionReason.None || server != RejectionReason.None)
            return new("identity", Verdict.Warning, $"{what}: good for {(client == RejectionReason.None ? "clients" : "servers")} only", "If it is for both, its issuer must name both in the extended key usage (X509-SVID §4.4).");
        return (svid.NotAfter - now) / (svid.NotAfter - svid.NotBefore) < LateShare
            ? new("identity", Verdict.Warning, $"{what}, and is not renewed", "An agent renews at half of an SVID's life: look at the agent's log and its connection to the server.")
            : new("identity", Verdict.Ok, what);
    }

    private static RejectionReason Verify(X509Svid svid, X509BundleSet bundles, PeerRole role, DateTimeOffset now) =>
        X509SvidVerifier.Verify(svid.Leaf, [.. svid.Intermediates], bundles, role, now).Reason;
}
