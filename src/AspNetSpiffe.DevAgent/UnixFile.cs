using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;

namespace AspNetSpiffe;

/// <summary>The kind and owner of the file at a path, without following links, which the framework does not expose.</summary>
/// <remarks>Linked into the command line tool too. It calls lstat of the runtime's own native library, whose result has begun with these four numbers since its first version; a test verifies it.</remarks>
[UnsupportedOSPlatform("windows")]
internal readonly record struct UnixFile(UnixFileKind Kind, UnixFileMode Mode, uint UserId, uint GroupId)
{
    private const int Permissions = 0xFFF;

    // The runtime's structure has some 120 bytes.
    private const int StatusBytes = 512;

    public static uint OurUserId => Native.GetEUid();

    public static uint OurGroupId => Native.GetEGid();

    public bool IsOurs => UserId == OurUserId;

    /// <summary>Returns the file at a path; null if there is none.</summary>
    /// <exception cref="IOException">Access is denied.</exception>
    public static UnixFile? Find(string path)
    {
        var status = new int[StatusBytes / sizeof(int)];
        if (Native.LStat([.. Encoding.UTF8.GetBytes(path), 0], status) == 0)
            return new((UnixFileKind)(status[1] & ~Permissions), (UnixFileMode)(status[1] & Permissions), (uint)status[2], (uint)status[3]);

        // ENOENT and ENOTDIR have these numbers everywhere.
        var error = Marshal.GetLastPInvokeError();
        return error is 2 or 20 ? null : throw new IOException($"'{path}' cannot be examined: {Marshal.GetPInvokeErrorMessage(error)}.");
    }

    /// <summary>Describes the kind of file.</summary>
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

/// <summary>The kinds of files of lstat(2).</summary>
internal enum UnixFileKind
{
    Pipe = 0x1000,
    Directory = 0x4000,
    File = 0x8000,
    Link = 0xA000,
    Socket = 0xC000,
}
