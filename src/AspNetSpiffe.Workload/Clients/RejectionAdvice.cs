namespace AspNetSpiffe;

/// <summary>What whoever called a refused server needs to know: what was wrong, and what to do.</summary>
internal static class RejectionAdvice
{
    private const int MostNames = 20;

    private const string Federate =
        "SPIRE federates trust domains when each server has the other's bundle and our registration entry says federatesWith; development agents do with AddFederatedBundle.";

    /// <summary>Gives the sentences for one refusal.</summary>
    public static string For(VerificationResult result, SpiffeIdPattern expected, X509Context? ours)
    {
        var presented = $"It presented {(result.Id is { } id ? $"'{id}'" : "no SPIFFE ID")}";
        return result.Reason == RejectionReason.NotAllowed
            ? $"{presented}; expected was '{expected}'. Is it the address of the server that is meant? If it is, expect its ID, or a pattern that matches it."
            : $"{presented}. {For(result.Reason, result.Id?.TrustDomain, ours)}";
    }

    private static string For(RejectionReason reason, TrustDomain? theirs, X509Context? ours) => reason switch
    {
        RejectionReason.UnknownTrustDomain when ours is null => "We have no identity at the moment, and so no bundles: the log of AspNetSpiffe.X509Source says why.",
        RejectionReason.UnknownTrustDomain =>
            $"The Workload API gives us no bundle of the trust domain '{theirs}'. We have {NamesOf(ours.Bundles)}. Is it the address of the server that is meant? If it is, federate. {Federate}",
        RejectionReason.EmptyBundle => $"Our bundle of its trust domain '{theirs}' has no authority, and so trusts nobody: ask whoever runs that trust domain.",
        RejectionReason.NotTrusted or RejectionReason.BadSignature =>
            $"Its chain leads to no authority in our bundle of '{theirs}', which has {AuthoritiesOf(theirs, ours)}. We have {NamesOf(ours?.Bundles)}. " +
            $"Has it its SVID from another agent, which calls its trust domain '{theirs}' too? Then use one agent for both, or give the trust domains two names and federate them. {Federate} " +
            "If its CA is new, our agent has not told us of it yet.",
        RejectionReason.Expired or RejectionReason.NotYetValid =>
            "Compare the clocks of both machines. If they agree, the server's agent does not renew its SVID: look at the log of the server and of its agent.",
        RejectionReason.NotForThisUse => "An issuer gave it a certificate that is not for servers: its extended key usage needs serverAuth.",
        RejectionReason.WeakKey or RejectionReason.WeakSignature => "Its issuer must use RSA from 2048 bits on, P-256, P-384, P-521 or Ed25519, and SHA-256 or better.",
        RejectionReason.TooLarge => "If its chain is as it should be, raise the limits in SpiffeOptions.Limits.",
        RejectionReason.NoCertificate or RejectionReason.NotOneUriSan => "Is it the address of a service with a SPIFFE identity? An ordinary https server, or a proxy that ends TLS, has none.",
        _ => "Its certificate is not as the X509-SVID standard says: its issuer must correct that.",
    };

    private static string AuthoritiesOf(TrustDomain? theirs, X509Context? ours) => (theirs is null ? null : ours?.Bundles.Find(theirs))?.Count switch
    {
        null or 0 => "none",
        1 => "1 authority",
        var count => $"{count} authorities",
    };

    private static string NamesOf(X509BundleSet? bundles)
    {
        if (bundles is null || bundles.Count == 0) return "no bundle";
        var names = string.Join(", ", bundles.Select(b => $"'{b.TrustDomain}'").Order(StringComparer.Ordinal).Take(MostNames));
        return $"{(bundles.Count == 1 ? "the bundle" : "the bundles")} of {names}{(bundles.Count <= MostNames ? "" : $" and {bundles.Count - MostNames} more")}";
    }
}
