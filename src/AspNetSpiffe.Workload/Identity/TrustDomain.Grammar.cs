using Kind = AspNetSpiffe.SpiffeIdProblem.Kind;

namespace AspNetSpiffe;

public sealed partial class TrustDomain
{
    /// <summary>The maximum length of a name: 255 characters (SPIFFE-ID §2.3).</summary>
    public const int MaxLength = 255;

    /// <summary>Scans the characters of a name, or of a trust domain's own ID, and returns the error and its position.</summary>
    internal static class Grammar
    {
        /// <summary>Scans a whole text. <paramref name="start"/> is where the name begins.</summary>
        public static SpiffeIdProblem Scan(ReadOnlySpan<char> text, out int start)
        {
            start = text.StartsWith(SpiffeId.Grammar.Scheme, StringComparison.Ordinal) ? SpiffeId.Grammar.Scheme.Length : 0;
            if (text.IsEmpty) return new(Kind.NoTrustDomain, 0);

            // A path is the most likely mistake, so it has its own message.
            var slash = text[start..].IndexOf('/');
            return slash > 0 && SpiffeId.Grammar.ScanTrustDomain(text, start, start + slash).What == Kind.None
                ? new(Kind.PathInTrustDomain, start + slash)
                : SpiffeId.Grammar.ScanTrustDomain(text, start, text.Length);
        }
    }
}
