namespace AspNetSpiffe;

/// <summary>Texts for the operator about a rejected peer: the error and the remedy. Never sent to the peer.</summary>
internal static class RejectionAdvice
{
    private const int MostNames = 20;

    private const string Federate =
        "With SPIRE, federation requires that each server has the other's bundle and that our registration entry has federatesWith; with development agents, call AddFederatedBundle. Or configure its bundle endpoint in 'Spiffe:Federation'.";

    /// <summary>Returns the sentences for one rejection.</summary>
    /// <param name="reason">Why the peer was rejected.</param>
    /// <param name="id">Its claimed SPIFFE ID, if that could be read.</param>
    /// <param name="role">The role of the peer.</param>
    /// <param name="allowed">The allowed peers; <see langword="null"/> means every member of our own trust domain.</param>
    /// <param name="ours">The bundles and the SVID that were used.</param>
    public static string For(RejectionReason reason, SpiffeId? id, PeerRole role, SpiffeIdPattern? allowed, TrustContext? ours) => (reason, role) switch
    {
        (RejectionReason.NotAllowed, PeerRole.Server) =>
            $"Expected was '{allowed}'. Check the address of the server. If it is correct, expect its ID, or a pattern that matches it.",
        (RejectionReason.NotAllowed, _) => $"Allowed: {allowed?.ToString() ?? $"members of '{ours?.TrustDomain}'"}. To allow it, add its ID, or a pattern that matches it, to 'Spiffe:AllowedPeers'.",
        (RejectionReason.NoCertificate, PeerRole.Client) => "The client needs an SVID. A client that cannot have one, such as a browser or a health probe, needs a separate plain-http endpoint.",
        (RejectionReason.NoCertificate or RejectionReason.NotOneUriSan, PeerRole.Server) =>
            "Check whether the address is that of a service with a SPIFFE identity. An ordinary https server, or a proxy that terminates TLS, has none.",
        (RejectionReason.NotForThisUse, PeerRole.Server) => "Its issuer gave it a certificate that is not for servers: an extended key usage needs serverAuth.",
        (RejectionReason.NotForThisUse, _) => "Its issuer gave it a certificate that is not for clients: an extended key usage needs clientAuth.",
        (RejectionReason.UnknownTrustDomain, _) when ours is null => "This workload has no identity now, and therefore no trust bundles: see the log of AspNetSpiffe.X509Source.",
        (RejectionReason.UnknownTrustDomain, _) =>
            $"The Workload API provides no trust bundle of the trust domain '{id?.TrustDomain}'. Available: {NamesOf(ours?.Bundles)}. {(role == PeerRole.Server ? "Check the address of the server. If it is correct, federate the trust domains." : "If it should be allowed, federate the trust domains.")} {Federate}",
        (RejectionReason.EmptyBundle, _) => $"The trust bundle of its trust domain '{id?.TrustDomain}' has no authority, so no peer is trusted: contact the operator of that trust domain.",
        (RejectionReason.NotTrusted or RejectionReason.BadSignature, _) =>
            $"Its certificate chain leads to no authority in the trust bundle of '{id?.TrustDomain}', which has {AuthoritiesOf(id?.TrustDomain, ours)}. Available: {NamesOf(ours?.Bundles)}. " +
            $"If its SVID was issued by another agent with the same trust domain name '{id?.TrustDomain}', use one agent for both, or give the trust domains different names and federate them. {Federate} " +
            "If its CA is new, the bundle update has not arrived yet.",
        (RejectionReason.Expired or RejectionReason.NotYetValid, _) =>
            "Compare the clocks of both machines. If they agree, the peer's agent does not renew its SVID: check the log of the peer and of its agent.",
        (RejectionReason.Revoked, _) => $"A certificate revocation list of 'Spiffe:Revocation:Lists:{id?.TrustDomain}' contains its certificate or one of its CAs. If that is an error, its CA must publish a list without it.",
        (RejectionReason.RevocationUnknown, _) =>
            $"No current certificate revocation list of 'Spiffe:Revocation:Lists:{id?.TrustDomain}' that is signed by the issuer covers each certificate of its chain: the log of AspNetSpiffe.Revocation says which lists were loaded. " +
            "Every CA of the chain needs one. 'Spiffe:Revocation:OnUnknown' = Accept accepts such peers.",
        (RejectionReason.WeakKey or RejectionReason.WeakSignature, _) => "Its issuer must use RSA from 2048 bits on, P-256, P-384, P-521 or Ed25519, and SHA-256 or better.",
        (RejectionReason.TooLarge, _) => "If its chain is correct, raise the limits in 'Spiffe:Limits'.",
        _ => "Its certificate violates the X509-SVID standard: its issuer must correct it.",
    };

    private static string AuthoritiesOf(TrustDomain? theirs, TrustContext? ours) => (theirs is null ? null : ours?.Bundles.Find(theirs))?.Count switch
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
