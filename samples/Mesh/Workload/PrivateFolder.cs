namespace Mesh;

/// <summary>A folder that only its user may enter: what is in it, keys and sockets, is nobody else's.</summary>
public static class PrivateFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes the folder, or refuses one that others may enter.</summary>
    /// <exception cref="IOException">Others may enter it.</exception>
    public static string Make(string path)
    {
        var folder = Directory.CreateDirectory(Path.GetFullPath(path), OwnerOnly);
        return (folder.UnixFileMode & ~OwnerOnly) == UnixFileMode.None
            ? folder.FullName
            : throw new IOException($"Others may enter the folder '{path}', which is for its user alone. Run 'chmod 700 {path}', or choose another.");
    }
}
