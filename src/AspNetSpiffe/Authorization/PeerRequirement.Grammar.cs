namespace AspNetSpiffe;

internal sealed partial class PeerRequirement
{
    /// <summary>What the texts of the words are made into, before SpiffeId and SpiffeIdPattern judge them.</summary>
    internal static class Grammar
    {
        /// <summary>An ID that any path can be put on.</summary>
        public const string AnyId = "spiffe://example.org";

        public static string PatternOf(string trustDomain) => $"spiffe://{trustDomain}/**";

        /// <summary>Finds what would make more than one trust domain of the text. Operators may write 'Example.org': as a pattern that is one.</summary>
        /// <returns>Its position, or -1.</returns>
        public static int ScanTrustDomain(string trustDomain) => trustDomain.AsSpan().IndexOfAny('/', ',', '*');

        public static string DescribeSign(string trustDomain, int sign) =>
            $"The trust domain '{trustDomain}' has a '{trustDomain[sign]}' at position {sign}; write one name such as 'example.org', or call RequireSpiffe with a pattern.";
    }
}
