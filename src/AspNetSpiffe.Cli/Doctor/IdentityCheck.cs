using AspNetSpiffe.Cli.Output;

namespace AspNetSpiffe.Cli.Doctor;

/// <summary>Checks the issued SVIDs: their IDs, their expiry, and whether peers can verify them.</summary>
internal static class IdentityCheck
{
    // Agents renew at half of an SVID's lifetime.
    private const double LateShare = 0.2;

    public static IEnumerable<Finding> Look(X509Context context, DateTimeOffset now)
    {
        foreach (var svid in context.Svids) yield return Look(svid, context.Bundles, now);
        if (context.Svids.Length > 1)
            yield return new("identity", Verdict.Warning, $"{context.Svids.Length} SVIDs, in no guaranteed order; an application uses the first", "Select one with 'Spiffe:Identity' or 'Spiffe:Hint'.");
    }

    private static Finding Look(X509Svid svid, X509BundleSet bundles, DateTimeOffset now)
    {
        var what = $"{svid.Id}{(svid.Hint.Length > 0 ? $", hint '{svid.Hint}'" : "")}, until {Times.Describe(svid.NotAfter)} ({Times.DescribeLeft(svid.NotAfter, now)})";
        var (client, server) = (Verify(svid, bundles, PeerRole.Client, now), Verify(svid, bundles, PeerRole.Server, now));
        if (client != RejectionReason.None && server != RejectionReason.None)
            return new("identity", Verdict.Failed, $"{what}: peers reject it: {client}", $"See {Pages.OfRejection(client.ToString())}.");
        if (client != RejectionReason.None || server != RejectionReason.None)
            return new("identity", Verdict.Warning, $"{what}: valid for {(client == RejectionReason.None ? "clients" : "servers")} only", "If it is for both, its issuer must set both in the extended key usage (X509-SVID §4.4).");
        return (svid.NotAfter - now) / (svid.NotAfter - svid.NotBefore) < LateShare
            ? new("identity", Verdict.Warning, $"{what}, and has not been renewed", "An agent renews at half of an SVID's lifetime: check the agent's log and its connection to the server.")
            : new("identity", Verdict.Ok, what);
    }

    private static RejectionReason Verify(X509Svid svid, X509BundleSet bundles, PeerRole role, DateTimeOffset now) =>
        X509SvidVerifier.Verify(svid.Leaf, [.. svid.Intermediates], bundles, role, now).Reason;
}
