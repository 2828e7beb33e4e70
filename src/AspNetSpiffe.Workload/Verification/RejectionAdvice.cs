namespace AspNetSpiffe;

/// <summary>What an operator needs to know of a refused peer: what was wrong, and what to do. Never for the peer.</summary>
internal static class RejectionAdvice
{
    private const int MostNames = 20;

    private const string Federate =
        "SPIRE federates trust domains when each server has the other's bundle and our registration entry says federatesWith; development agents do with AddFederatedBundle. Or name its bundle endpoint in 'Spiffe:Federation'.";

    /// <summary>Gives the sentences for one refusal.</summary>
    /// <param name="reason">Why the peer was refused.</param>
    /// <param name="id">What it claimed to be, if that could be read.</param>
    /// <param name="role">The part that it plays.</param>
    /// <param name="allowed">Who may be there; <see langword="null"/> means every member of our own trust domain.</param>
    /// <param name="ours">What we knew at the time.</param>
    public static string For(RejectionReason reason, SpiffeId? id, PeerRole role, SpiffeIdPattern? allowed, X509Context? ours) => (reason, role) switch
    {
        (RejectionReason.NotAllowed, PeerRole.Server) =>
            $"Expected was '{allowed}'. Is it the address of the server that is meant? If it is, expect its ID, or a pattern that matches it.",
        (RejectionReason.NotAllowed, _) => $"Allowed: {allowed?.ToString() ?? $"members of '{ours?.TrustDomain}'"}. To let it in, add its ID, or a pattern that matches it, to 'Spiffe:AllowedPeers'.",
        (RejectionReason.NoCertificate, PeerRole.Client) => "Give it an SVID. What can have none, such as a browser or a health probe, needs a plain-http endpoint of its own.",
        (RejectionReason.NoCertificate or RejectionReason.NotOneUriSan, PeerRole.Server) =>
            "Is it the address of a service with a SPIFFE identity? An ordinary https server, or a proxy that ends TLS, has none.",
        (RejectionReason.NotForThisUse, PeerRole.Server) => "Its issuer gave it a certificate that is not for servers: an extended key usage needs serverAuth.",
        (RejectionReason.NotForThisUse, _) => "Its issuer gave it a certificate that is not for clients: an extended key usage needs clientAuth.",
        (RejectionReason.UnknownTrustDomain, _) when ours is null => "We have no identity at the moment, and so no bundles: the log of AspNetSpiffe.X509Source says why.",
        (RejectionReason.UnknownTrustDomain, _) =>
            $"The Workload API gives us no bundle of the trust domain '{id?.TrustDomain}'. We have {NamesOf(ours?.Bundles)}. {(role == PeerRole.Server ? "Is it the address of the server that is meant? If it is, federate." : "If it may call, federate.")} {Federate}",
        (RejectionReason.EmptyBundle, _) => $"Our bundle of its trust domain '{id?.TrustDomain}' has no authority, and so trusts nobody: ask whoever runs that trust domain.",
        (RejectionReason.NotTrusted or RejectionReason.BadSignature, _) =>
            $"Its chain leads to no authority in our bundle of '{id?.TrustDomain}', which has {AuthoritiesOf(id?.TrustDomain, ours)}. We have {NamesOf(ours?.Bundles)}. " +
            $"Has it its SVID from another agent, which calls its trust domain '{id?.TrustDomain}' too? Then use one agent for both, or give the trust domains two names and federate them. {Federate} " +
            "If its CA is new, our agent has not told us of it yet.",
        (RejectionReason.Expired or RejectionReason.NotYetValid, _) =>
            "Compare the clocks of both machines. If they agree, the peer's agent does not renew its SVID: look at the log of the peer and of its agent.",
        (RejectionReason.Revoked, _) => $"A list of 'Spiffe:Revocation:Lists:{id?.TrustDomain}' names its certificate or one of its CAs. If that is a mistake, its CA must publish a list without it.",
        (RejectionReason.RevocationUnknown, _) =>
            $"No list of 'Spiffe:Revocation:Lists:{id?.TrustDomain}' that is signed by the issuer and in force covers each certificate of its chain: the log of AspNetSpiffe.Revocation says which came and which did not. " +
            "Every CA of the chain needs one. 'Spiffe:Revocation:OnUnknown' = Accept lets such peers in.",
        (RejectionReason.WeakKey or RejectionReason.WeakSignature, _) => "Its issuer must use RSA from 2048 bits on, P-256, P-384, P-521 or Ed25519, and SHA-256 or better.",
        (RejectionReason.TooLarge, _) => "If its chain is as it should be, raise the limits in 'Spiffe:Limits'.",
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
