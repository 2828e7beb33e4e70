using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Reads a built chain: why it is not valid, and where it leads.</summary>
internal static class ChainReasons
{
    // What says most comes first: an expired stranger is a stranger.
    private static readonly (X509ChainStatusFlags Flags, RejectionReason Reason)[] Order =
    [
        (X509ChainStatusFlags.NotSignatureValid, RejectionReason.BadSignature),
        (X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot, RejectionReason.NotTrusted),
        (X509ChainStatusFlags.NotValidForUsage, RejectionReason.NotForThisUse),
    ];

    public static RejectionReason Of(X509Chain chain)
    {
        var status = X509ChainStatusFlags.NoError;
        foreach (var item in chain.ChainStatus) status |= item.Status;

        foreach (var (flags, reason) in Order)
            if ((status & flags) != 0)
                return reason;

        const X509ChainStatusFlags time = X509ChainStatusFlags.NotTimeValid | X509ChainStatusFlags.NotTimeNested;
        return (status & time) != 0 && (status & ~time) == 0 ? OutOfTime(chain) : RejectionReason.InvalidChain;
    }

    /// <summary>Finds the authority of the bundle that the chain leads to, byte for byte, above the leaf.</summary>
    public static X509Certificate2? FindAuthority(X509Bundle bundle, X509Chain chain)
    {
        // With unrooted authorities the chain may go on above one; otherwise only its last certificate can be the authority.
        for (var i = bundle.HasUnrootedAuthority ? 1 : Math.Max(1, chain.ChainElements.Count - 1); i < chain.ChainElements.Count; i++)
            if (bundle.Find(chain.ChainElements[i].Certificate) is { } authority)
                return authority;

        return null;
    }

    /// <summary>Frees the native copies that a build makes; left to the finalizer they pile up.</summary>
    public static void DisposeElements(X509Chain chain)
    {
        foreach (var element in chain.ChainElements) element.Certificate.Dispose();
    }

    private static RejectionReason OutOfTime(X509Chain chain)
    {
        var now = chain.ChainPolicy.VerificationTime.ToUniversalTime();
        return chain.ChainElements.Any(e => e.Certificate.NotBefore.ToUniversalTime() > now) ? RejectionReason.NotYetValid : RejectionReason.Expired;
    }
}
