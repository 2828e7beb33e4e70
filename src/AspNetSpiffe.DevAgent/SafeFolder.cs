using System.Runtime.Versioning;

namespace AspNetSpiffe;

/// <summary>A directory in which other users cannot replace our files or sockets.</summary>
/// <remarks>Linked into the command line tool too.</remarks>
[UnsupportedOSPlatform("windows")]
internal static class SafeFolder
{
    private const uint Root = 0;
    private const int MaxLinks = 40;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Creates a directory of mode 0700 if it does not exist, and rejects one in which other users could replace our files.</summary>
    /// <returns>Whether it was created.</returns>
    /// <exception cref="IOException">The directory, or one above it, is not safe, is not a directory, or cannot be created.</exception>
    public static bool Make(string path)
    {
        Check(path);
        if (Directory.Exists(path)) return false;

        try
        {
            Directory.CreateDirectory(path, OwnerOnly);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The directory '{path}' cannot be created ({e.Message.TrimEnd('.')}); choose another one.", e);
        }

        // Another process may have created it first.
        Check(path);
        return true;
    }

    private static void Check(string path, int links = 0)
    {
        var full = Path.GetFullPath(path);
        var parts = full.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i <= parts.Length; i++)
        {
            var place = "/" + string.Join('/', parts[..i]);
            if (UnixFile.Find(place) is not { } found) return;

            if (found.Kind == UnixFileKind.Link)
            {
                if (!IsTrusted(found.UserId)) throw Refuse(place, $"is a symbolic link of user {found.UserId}, who can change its target");
                if (links == MaxLinks) throw Refuse(place, "is part of a loop of symbolic links");
                Check(Path.Combine([Path.GetDirectoryName(place)!, File.ResolveLinkTarget(place, returnFinalTarget: false)!.FullName, .. parts[i..]]), links + 1);
                return;
            }

            if (found.Kind != UnixFileKind.Directory) throw Refuse(place, $"is {found.Describe()}, not a directory");
            if (FindFault(found, isLast: i == parts.Length) is { } fault) throw Refuse(place, fault);
        }
    }

    // In a sticky folder such as '/tmp', only the owner may remove or rename a file.
    private static string? FindFault(UnixFile folder, bool isLast)
    {
        var isSticky = folder.Mode.HasFlag(UnixFileMode.StickyBit);
        if (folder.Mode.HasFlag(UnixFileMode.OtherWrite) && !isSticky)
            return $"is writable by everyone (mode {Octal(folder.Mode)}), so any user could replace its files: run 'chmod o-w' on it";
        if (!isLast) return null;
        if (!IsTrusted(folder.UserId))
            return $"belongs to user {folder.UserId}, who could replace its files; this process runs as user {UnixFile.OurUserId}";
        if (folder.Mode.HasFlag(UnixFileMode.GroupWrite) && !isSticky && folder.GroupId != UnixFile.OurGroupId)
            return $"is writable by group {folder.GroupId} (mode {Octal(folder.Mode)}), whose members could replace its files: run 'chmod g-w' on it";
        return null;
    }

    private static bool IsTrusted(uint userId) => userId == Root || userId == UnixFile.OurUserId;

    private static string Octal(UnixFileMode mode) => Convert.ToString((int)mode, 8).PadLeft(4, '0');

    private static IOException Refuse(string place, string fault) => new($"'{place}' {fault}. Choose another directory, one that only this user can write to.");
}
