namespace AspNetSpiffe;

/// <summary>Warns of files with permissions that are too wide.</summary>
internal static class FileModes
{
    private const UnixFileMode OthersRead = UnixFileMode.OtherRead;
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    // Windows has no file modes; access is controlled by the ACL of the folder.
    public static IEnumerable<string> WarningsOf(SvidFiles files)
    {
        if (OperatingSystem.IsWindows()) yield break;
        if (files.Key is not null && Has(files.Key, OthersRead)) yield return $"The private key '{files.Key}' can be read by every user of this machine: set its mode to 0600, or 0640 (in Kubernetes: defaultMode or fsGroup of the volume).";
        string?[] changeable = [files.Certificate, files.Key, files.Bundle, files.BundleMap, .. files.FindBundles().Select(bundle => bundle.Path)];
        foreach (var path in changeable.OfType<string>().Distinct(StringComparer.Ordinal))
            if (Has(path, OthersWrite))
                yield return $"'{path}' can be modified by other users of this machine, who could replace the identity or the trust bundles of this workload: remove the write permission of its group and of others.";
    }

    // Symbolic links are followed. A file that was deleted meanwhile has no mode.
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static bool Has(string path, UnixFileMode mode)
    {
        try
        {
            return (File.GetUnixFileMode(path) & mode) != UnixFileMode.None;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
