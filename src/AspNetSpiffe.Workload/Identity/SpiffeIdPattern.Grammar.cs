using Kind = AspNetSpiffe.SpiffeIdPatternProblem.Kind;

namespace AspNetSpiffe;

public sealed partial class SpiffeIdPattern
{
    internal const string AnyText = "spiffe:any";

    internal const string NoneText = "spiffe:none";

    /// <summary>Scans the characters of a pattern, and returns the error and its position in the whole text.</summary>
    internal static class Grammar
    {
        /// <summary>Finds the next alternative, trimmed. There are no more when <paramref name="next"/> is greater than the length of the text.</summary>
        public static (int Start, int End) NextAlternative(ReadOnlySpan<char> text, ref int next)
        {
            var start = next;
            var comma = text[start..].IndexOf(',');
            var end = comma < 0 ? text.Length : start + comma;
            next = end + 1;

            while (start < end && text[start] == ' ') start++;
            while (end > start && text[end - 1] == ' ') end--;
            return (start, end);
        }

        /// <summary>Converts schemes and trust domains to lower case. ASCII only: a Kelvin sign must not become the letter k.</summary>
        public static void LowerSchemesAndTrustDomains(Span<char> text)
        {
            for (var next = 0; next <= text.Length;)
            {
                var (start, end) = NextAlternative(text, ref next);
                var slashes = 0;
                for (var i = start; i < end && slashes < 3; i++)
                {
                    if (text[i] == '/') slashes++;
                    else if (text[i] is >= 'A' and <= 'Z') text[i] |= ' ';
                }
            }
        }

        /// <summary>Scans all alternatives of a text whose schemes and trust domains are already in lower case.</summary>
        public static SpiffeIdPatternProblem Scan(ReadOnlySpan<char> text)
        {
            for (var next = 0; next <= text.Length;)
            {
                var (start, end) = NextAlternative(text, ref next);
                var problem = ScanAlternative(text, start, end);
                if (problem.What != Kind.None) return problem;
            }

            return default;
        }

        private static SpiffeIdPatternProblem ScanAlternative(ReadOnlySpan<char> text, int start, int end)
        {
            var alternative = text[start..end];
            if (alternative.IsEmpty) return new(Kind.EmptyAlternative, start);
            if (alternative is AnyText) return text.Contains(',') ? new(Kind.AnyAmongOthers, start) : default;
            if (alternative is NoneText && !text.Contains(',')) return default;
            if (!alternative.StartsWith(SpiffeId.Grammar.Scheme, StringComparison.Ordinal)) return new(Kind.NotSpiffe, start);
            if (alternative.Length > SpiffeId.MaxLength) return new(Kind.TooLong, start);

            var nameStart = start + SpiffeId.Grammar.Scheme.Length;
            var slash = text[nameStart..end].IndexOf('/');
            var nameEnd = slash < 0 ? end : nameStart + slash;

            var star = text[nameStart..nameEnd].IndexOf('*');
            if (star >= 0) return new(Kind.WildcardTrustDomain, nameStart + star);

            var name = SpiffeId.Grammar.ScanTrustDomain(text, nameStart, nameEnd);
            if (name.What != SpiffeIdProblem.Kind.None) return new(Kind.InvalidId, name.Position, name);

            // 'spiffe://td' and 'spiffe://td/' name no workload.
            return end <= nameEnd + 1 ? new(Kind.NoPath, nameEnd) : ScanPath(text, nameEnd + 1, end);
        }

        private static SpiffeIdPatternProblem ScanPath(ReadOnlySpan<char> text, int start, int end)
        {
            for (var segment = start; segment <= end;)
            {
                var length = text[segment..end].IndexOf('/');
                var segmentEnd = length < 0 ? end : segment + length;

                if (text[segment..segmentEnd] is "**" && segmentEnd != end) return new(Kind.DoubleStarNotLast, segment);
                if (text[segment..segmentEnd] is not ("*" or "**"))
                {
                    var star = text[segment..segmentEnd].IndexOf('*');
                    if (star >= 0) return new(Kind.PartOfSegment, segment + star);

                    var problem = SpiffeId.Grammar.ScanSegment(text, segment, segmentEnd);
                    if (problem.What != SpiffeIdProblem.Kind.None) return new(Kind.InvalidId, problem.Position, problem);
                }

                segment = segmentEnd + 1;
            }

            return default;
        }
    }
}
