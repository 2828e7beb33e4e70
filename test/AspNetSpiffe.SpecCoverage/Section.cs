namespace AspNetSpiffe.SpecCoverage;

/// <summary>A section of the list: the lines whose ids begin alike.</summary>
internal sealed record Section(int Number, string Title, bool HasTarget, params string[] Prefixes)
{
    public static IReadOnlyList<Section> All { get; } =
    [
        new(1, "SPIFFE ID", true, "ID-"),
        new(2, "X509-SVID", true, "XC-", "XV-", "XL-"),
        new(3, "Bundles", true, "TB-"),
        new(4, "Federation", false, "FD-"),
        new(5, "Workload endpoint", true, "EP-"),
        new(6, "Workload API", true, "WA-"),
        new(7, "JWT-SVID", true, "JW-"),
        new(8, "WIT-SVID", false, "WT-"),
        new(9, "Configuration", true, "CF-"),
    ];

    public static bool IsKnown(string id) => All.Any(section => section.Has(id));

    public static Section Of(string id) => All.First(section => section.Has(id));

    private bool Has(string id) => Prefixes.Any(prefix => id.StartsWith(prefix, StringComparison.Ordinal));
}
