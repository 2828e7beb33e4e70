using System.Runtime.InteropServices;

namespace AspNetSpiffe.Cli.Output;

/// <summary>Detects whether the reader of the standard output has closed it.</summary>
internal static class StandardOutput
{
    private const int Handle = 1;

    /// <summary>Returns a token that fires when the other end of the pipe is closed, as by <c>head</c>. The framework hides that error when writing.</summary>
    public static CancellationToken Closed()
    {
        var closed = new CancellationTokenSource();
        if (Console.IsOutputRedirected && !OperatingSystem.IsWindows())
            new Thread(() => CancelWhenClosed(closed)) { IsBackground = true, Name = "standard output" }.Start();
        return closed.Token;
    }

    private static void CancelWhenClosed(CancellationTokenSource closed)
    {
        // No events are requested: a closed pipe is reported nevertheless. A regular file never reports it.
        var waiting = new PollEvent { FileDescriptor = Handle };
        while (Native.Poll(ref waiting, 1, Timeout.Infinite, out var triggered) != 0 || triggered == 0)
        {
        }

        if ((waiting.TriggeredEvents & (PollEvent.Error | PollEvent.HangUp)) != 0) closed.Cancel();
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEvent
    {
        public const short Error = 0x8;
        public const short HangUp = 0x10;

        public int FileDescriptor;
        public short Events;
        public short TriggeredEvents;
    }

    private static class Native
    {
        [DllImport("libSystem.Native", EntryPoint = "SystemNative_Poll"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Poll(ref PollEvent events, uint count, int milliseconds, out uint triggered);
    }
}
