namespace AspNetSpiffe;

/// <summary>The keys of a cluster's <c>Metadata</c> that <c>AddSpiffeMtls()</c> reads. Another key that begins with <c>Spiffe</c> is rejected.</summary>
public static class SpiffeClusterMetadata
{
    /// <summary>The expected server, an ID or a <see cref="SpiffeIdPattern"/>: <c>SpiffeId</c>. Required.</summary>
    public const string SpiffeId = "SpiffeId";

    /// <summary>
    /// Whether the servers get the certificate of the gateway's caller, in the header <c>Client-Cert</c> (RFC 9440) that <c>AddSpiffeForwarded()</c> reads:
    /// <c>SpiffeForwardCaller</c>, <c>true</c> or <c>false</c>. Default: <c>false</c>.
    /// </summary>
    public const string ForwardCaller = "SpiffeForwardCaller";
}
