using Kind = AspNetSpiffe.SpiffeIdProblem.Kind;

namespace AspNetSpiffe;

public sealed partial class SpiffeId
{
    /// <summary>The maximum length of an ID, including the scheme: 2048 (SPIFFE-ID §2.3).</summary>
    public const int MaxLength = 2048;

    /// <summary>Scans the characters of a SPIFFE ID (SPIFFE-ID §2), and returns the error and its position.</summary>
    internal static class Grammar
    {
        internal const string Scheme = "spiffe://";

        /// <summary>Scans a whole ID. <paramref name="pathStart"/> is where the path begins; the length of the text when there is none.</summary>
        public static SpiffeIdProblem Scan(ReadOnlySpan<char> text, out int pathStart)
        {
            pathStart = 0;
            if (text.IsEmpty) return new(Kind.Empty, 0);
            if (text.Length > MaxLength) return new(Kind.TooLong, MaxLength);
            if (!text.StartsWith(Scheme, StringComparison.Ordinal)) return new(Kind.NotSpiffe, 0);

            var slash = text[Scheme.Length..].IndexOf('/');
            pathStart = slash < 0 ? text.Length : Scheme.Length + slash;

            var problem = ScanTrustDomain(text, Scheme.Length, pathStart);
            return problem.What == Kind.None ? ScanPath(text, pathStart) : problem;
        }

        /// <summary>Scans a trust domain (SPIFFE-ID §2.1). It is not a DNS name: dots, digits and hyphens are allowed anywhere.</summary>
        public static SpiffeIdProblem ScanTrustDomain(ReadOnlySpan<char> text, int start, int end)
        {
            if (start == end) return new(Kind.NoTrustDomain, start);

            for (var i = start; i < end; i++)
            {
                var c = text[i];
                if (c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '.' or '-' or '_') continue;
                return new(c is >= 'A' and <= 'Z' ? Kind.UpperCaseTrustDomain : Kind.TrustDomainCharacter, i);
            }

            return end - start > TrustDomain.MaxLength ? new(Kind.TrustDomainTooLong, start + TrustDomain.MaxLength) : default;
        }

        /// <summary>Scans a path (SPIFFE-ID §2.2): empty, or segments that each begin with a slash.</summary>
        public static SpiffeIdProblem ScanPath(ReadOnlySpan<char> text, int start)
        {
            if (start == text.Length) return default;
            if (text[start] != '/') return new(Kind.PathWithoutSlash, start);
            if (text[^1] == '/') return new(Kind.TrailingSlash, text.Length - 1);

            for (var segment = start + 1; segment <= text.Length;)
            {
                var length = text[segment..].IndexOf('/');
                var end = length < 0 ? text.Length : segment + length;
                var problem = ScanSegment(text, segment, end);
                if (problem.What != Kind.None) return problem;
                segment = end + 1;
            }

            return default;
        }

        public static SpiffeIdProblem ScanSegment(ReadOnlySpan<char> text, int start, int end)
        {
            if (start == end) return new(Kind.EmptySegment, start);
            if (text[start..end] is "." or "..") return new(Kind.DotSegment, start);

            for (var i = start; i < end; i++)
                if (!IsSegmentCharacter(text[i]))
                    return new(Kind.PathCharacter, i);

            return default;
        }

        private static bool IsSegmentCharacter(char c) =>
            c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '.' or '-' or '_';
    }
}
