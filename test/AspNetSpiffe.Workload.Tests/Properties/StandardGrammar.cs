using System.Text;
using System.Text.RegularExpressions;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>What a name is, said a second time: the grammar of SPIFFE-ID §2 as regular expressions, slow and without positions.</summary>
internal static partial class StandardGrammar
{
    private const string Name = "[a-z0-9._-]{1,255}";
    private const string Segment = @"(?!\.{1,2}(?:/|\z))[A-Za-z0-9._-]+";
    private const string AnyCaseScheme = "[sS][pP][iI][fF][fF][eE]:";

    public static bool IsId(string text) => IdShape().IsMatch(text) && Encoding.UTF8.GetByteCount(text) <= 2048;

    public static bool IsTrustDomain(string text) => TrustDomainShape().IsMatch(text);

    public static bool IsPattern(string text) =>
        AnyShape().IsMatch(text) || text.Split(',').Select(alternative => alternative.Trim(' ')).All(alternative => AlternativeShape().IsMatch(alternative) && alternative.Length <= 2048);

    /// <summary>Says whether a pattern in its printed form means an ID.</summary>
    public static bool Means(string pattern, string id) =>
        id.Count(c => c == '/') > 2 && (pattern == "spiffe:any" || pattern.Split(',').Any(alternative => Regex.IsMatch(id, MeaningOf(alternative), RegexOptions.CultureInvariant)));

    private static string MeaningOf(string alternative) =>
        @"\A" + string.Join('/', alternative.Split('/').Select(segment => segment switch { "*" => "[^/]+", "**" => ".+", _ => Regex.Escape(segment) })) + @"\z";

    [GeneratedRegex($@"\Aspiffe://{Name}(?:/{Segment})*\z", RegexOptions.CultureInvariant)]
    private static partial Regex IdShape();

    [GeneratedRegex($@"\A(?:spiffe://)?{Name}\z", RegexOptions.CultureInvariant)]
    private static partial Regex TrustDomainShape();

    [GeneratedRegex($@"\A *{AnyCaseScheme}[aA][nN][yY] *\z", RegexOptions.CultureInvariant)]
    private static partial Regex AnyShape();

    [GeneratedRegex($@"\A{AnyCaseScheme}//[A-Za-z0-9._-]{{1,255}}(?:(?:/(?:\*|{Segment}))+(?:/\*\*)?|/\*\*)\z", RegexOptions.CultureInvariant)]
    private static partial Regex AlternativeShape();
}
