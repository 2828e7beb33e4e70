using System.Collections.Immutable;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>Smaller inputs, the smallest first: FsCheck takes the first that still fails, and asks again.</summary>
internal static class Shrink
{
    /// <summary>Halves, then all but one character, then simpler characters.</summary>
    public static IEnumerable<string> Text(string text)
    {
        foreach (var piece in Pieces(text.Length)) yield return text.Remove(piece.Start, piece.Length);
        for (var i = 0; i < text.Length; i++)
            if (char.IsAsciiLetterOrDigit(text[i]) && text[i] != 'a')
                yield return $"{text[..i]}a{text[(i + 1)..]}";
    }

    /// <summary>Halves, then all but one, then smaller ones in their place.</summary>
    public static IEnumerable<ImmutableArray<T>> List<T>(ImmutableArray<T> list, Func<T, IEnumerable<T>>? each = null)
    {
        foreach (var piece in Pieces(list.Length)) yield return list.RemoveRange(piece.Start, piece.Length);
        if (each is null) yield break;

        for (var i = 0; i < list.Length; i++)
            foreach (var smaller in each(list[i]))
                yield return list.SetItem(i, smaller);
    }

    /// <summary>Nothing, half, one less.</summary>
    public static IEnumerable<int> Number(int number) => new[] { 0, number / 2, number - 1 }.Where(smaller => smaller >= 0 && smaller < number).Distinct();

    private static IEnumerable<(int Start, int Length)> Pieces(int length)
    {
        for (var size = length; size > 0; size /= 2)
            for (var start = 0; start + size <= length; start += size)
                yield return (start, size);
    }
}
