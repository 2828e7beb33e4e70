namespace AspNetSpiffe;

internal sealed partial class PeerRequirement
{
    /// <summary>Prepares the arguments of RequireSpiffe and the like for SpiffeId and SpiffeIdPattern, which validate them.</summary>
    internal static class Grammar
    {
        /// <summary>An arbitrary ID, to validate a path.</summary>
        public const string AnyId = "spiffe://example.org";

        public static string PatternOf(string trustDomain) => $"spiffe://{trustDomain}/**";

        /// <summary>Finds a character that would turn the text into more than one trust domain. Upper case is allowed, as in patterns.</summary>
        /// <returns>Its position, or -1.</returns>
        public static int ScanTrustDomain(string trustDomain) => trustDomain.AsSpan().IndexOfAny('/', ',', '*');

        public static string DescribeSign(string trustDomain, int sign) =>
            $"The trust domain '{trustDomain}' has a '{trustDomain[sign]}' at position {sign}; write one name such as 'example.org', or call RequireSpiffe with a pattern.";
    }
}
