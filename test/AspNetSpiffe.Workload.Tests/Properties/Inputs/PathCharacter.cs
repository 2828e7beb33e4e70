using System.Globalization;
using System.Text;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>A character of a path, and how it is written in an address.</summary>
internal sealed record PathCharacter(string Meant, string Written)
{
    public static PathCharacter Escaped(string text, bool lower) =>
        new(text, string.Concat(Encoding.UTF8.GetBytes(text).Select(b => string.Format(CultureInfo.InvariantCulture, lower ? "%{0:x2}" : "%{0:X2}", b))));
}
