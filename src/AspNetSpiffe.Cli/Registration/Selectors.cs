using System.Globalization;
using System.Security.Cryptography;

namespace AspNetSpiffe.Cli.Registration;

/// <summary>One selector of SPIRE's attestors, and whether the suggested entry contains it.</summary>
internal sealed record Selector(string Text, bool Counts = false);

/// <summary>The selectors that SPIRE's attestor 'unix' reports for a process (see its page plugin_agent_workloadattestor_unix).</summary>
internal static class Selectors
{
    private const string Status = "/proc/self/status";

    /// <summary>Returns the selectors of this process; a workload of the same user has them too.</summary>
    public static IReadOnlyList<Selector> OfProcess()
    {
        if (OperatingSystem.IsWindows()) return [];
        var (user, group) = (UnixFile.OurUserId, UnixFile.OurGroupId);
        return
        [
            new($"unix:uid:{user}", Counts: true),
            .. Named("unix:user", "/etc/passwd", user),
            new($"unix:gid:{group}"),
            .. Named("unix:group", "/etc/group", group),
            .. SupplementaryGroups().SelectMany(static other => Named("unix:supplementary_group", "/etc/group", other).Prepend(new($"unix:supplementary_gid:{other}"))),
        ];
    }

    /// <summary>Returns the selectors of a program, which the attestor reports with <c>discover_workload_path</c>.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IReadOnlyList<Selector> OfProgram(string? program)
    {
        if (program is null) return [];
        var path = Path.GetFullPath(program);
        using var stream = File.OpenRead(path);
        return [new($"unix:path:{File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path}"), new($"unix:sha256:{Convert.ToHexStringLower(SHA256.HashData(stream))}")];
    }

    // In both files the name is the first field and the number the third.
    private static Selector[] Named(string kind, string file, uint number) => !File.Exists(file)
        ? []
        : [.. File.ReadLines(file).Select(static line => line.Split(':')).Where(parts => parts.Length > 2 && parts[2] == number.ToString(CultureInfo.InvariantCulture)).Take(1).Select(parts => new Selector($"{kind}:{parts[0]}"))];

    private static IEnumerable<uint> SupplementaryGroups() => !File.Exists(Status)
        ? []
        : File.ReadLines(Status).Where(static line => line.StartsWith("Groups:", StringComparison.Ordinal))
            .SelectMany(static line => line["Groups:".Length..].Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            .Select(static number => uint.Parse(number, CultureInfo.InvariantCulture));
}
