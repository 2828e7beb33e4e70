namespace Mesh;

/// <summary>A folder that only its user may access, for keys and sockets.</summary>
public static class PrivateFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Creates the folder, or rejects one that other users may access.</summary>
    /// <exception cref="IOException">Other users may access it.</exception>
    public static string Make(string path)
    {
        var folder = Directory.CreateDirectory(Path.GetFullPath(path), OwnerOnly);
        return (folder.UnixFileMode & ~OwnerOnly) == UnixFileMode.None
            ? folder.FullName
            : throw new IOException($"Others may enter the folder '{path}', which is for its user alone. Run 'chmod 700 {path}', or choose another.");
    }
}
