using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;

namespace AspNetSpiffe;

/// <summary>What is at a path, links not followed, and whose it is: what the framework knows of a file and does not tell.</summary>
/// <remarks>Linked into the command line tool too. It asks the runtime's own portable layer, whose lstat has begun with these four numbers since its first version; a test holds it.</remarks>
[UnsupportedOSPlatform("windows")]
internal readonly record struct UnixFile(UnixFileKind Kind, UnixFileMode Mode, uint UserId, uint GroupId)
{
    private const int Permissions = 0xFFF;

    // The runtime's structure has some 120 bytes.
    private const int StatusBytes = 512;

    public static uint OurUserId => Native.GetEUid();

    public static uint OurGroupId => Native.GetEGid();

    public bool IsOurs => UserId == OurUserId;

    /// <summary>Returns what is at a path, or null when nothing is.</summary>
    /// <exception cref="IOException">One may not look.</exception>
    public static UnixFile? Find(string path)
    {
        var status = new int[StatusBytes / sizeof(int)];
        if (Native.LStat([.. Encoding.UTF8.GetBytes(path), 0], status) == 0)
            return new((UnixFileKind)(status[1] & ~Permissions), (UnixFileMode)(status[1] & Permissions), (uint)status[2], (uint)status[3]);

        // ENOENT and ENOTDIR have these numbers everywhere.
        var error = Marshal.GetLastPInvokeError();
        return error is 2 or 20 ? null : throw new IOException($"'{path}' cannot be examined: {Marshal.GetPInvokeErrorMessage(error)}.");
    }

    /// <summary>Says what it is, in words.</summary>
    public string Describe() => Kind switch
    {
        UnixFileKind.Link => "a symbolic link",
        UnixFileKind.Directory => "a directory",
        UnixFileKind.File => "a file",
        UnixFileKind.Socket => "a socket",
        UnixFileKind.Pipe => "a pipe",
        _ => "a device",
    };

    private static class Native
    {
        private const string Runtime = "libSystem.Native";

        [DllImport(Runtime, EntryPoint = "SystemNative_LStat", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int LStat(byte[] path, int[] status);

        [DllImport(Runtime, EntryPoint = "SystemNative_GetEUid"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern uint GetEUid();

        [DllImport(Runtime, EntryPoint = "SystemNative_GetEGid"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern uint GetEGid();
    }
}

/// <summary>The kinds of files, as lstat(2) has them.</summary>
internal enum UnixFileKind
{
    Pipe = 0x1000,
    Directory = 0x4000,
    File = 0x8000,
    Link = 0xA000,
    Socket = 0xC000,
}
