namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>An SVID of a message and the hint that it has there.</summary>
internal sealed record SvidPart(OwnSvid Own, string Hint)
{
    public override string ToString() => Hint.Length == 0 ? $"{Own}" : $"{Own} '{Hint}'";
}
