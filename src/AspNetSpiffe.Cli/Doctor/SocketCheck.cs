using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace AspNetSpiffe.Cli.Doctor;

/// <summary>Checks the socket: the library reports whether it can be opened; the owner is looked up here.</summary>
internal static class SocketCheck
{
    // SOL_SOCKET and SO_PEERCRED of Linux; the result is the process, the user and the group.
    private const int SocketLevel = 1;
    private const int PeerCredentials = 17;

    /// <summary>Determines whether a call failed before there was a connection.</summary>
    public static bool IsOfSocket(Exception? failure) =>
        failure is WorkloadApiException { Failure: WorkloadApiFailure.NoSuchSocket or WorkloadApiFailure.ConnectionRefused or WorkloadApiFailure.NoPermission };

    public static Finding Look(WorkloadApiAddress address, Exception? failure)
    {
        var path = PathOf(address);
        if (!IsOfSocket(failure)) return new("socket", Verdict.Ok, path is null ? "open" : $"open{DescribeFile(path)}{DescribeListener(path)}");

        var denied = failure is WorkloadApiException { Failure: WorkloadApiFailure.NoPermission };
        return new("socket", Verdict.Failed, failure!.Message, denied ? Permit(path) : "In a container, mount the directory of the socket; for development, run 'aspnet-spiffe agent'.");
    }

    private static string? PathOf(WorkloadApiAddress address)
    {
        var text = address.ToString();
        if (OperatingSystem.IsWindows() || !text.StartsWith("unix:", StringComparison.OrdinalIgnoreCase)) return null;

        // A plus is not a space here.
        return WebUtility.UrlDecode("/" + text["unix:".Length..].TrimStart('/').Replace("+", "%2B", StringComparison.Ordinal));
    }

    private static string DescribeFile(string path)
    {
        if (OperatingSystem.IsWindows() || UnixFile.Find(path) is not { } file) return "";
        return $", {file.Describe()} of user {file.UserId} and group {file.GroupId}, mode {Convert.ToString((int)file.Mode, 8).PadLeft(4, '0')}";
    }

    // Linux identifies the listening process, just as it identifies the caller to the agent.
    private static string DescribeListener(string path)
    {
        if (!OperatingSystem.IsLinux()) return "";
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(path));
            Span<byte> credentials = stackalloc byte[3 * sizeof(int)];
            socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials);
            var process = BinaryPrimitives.ReadInt32LittleEndian(credentials);
            return process > 0 ? $"; process {process}{NameOf(process)} listens" : "; a process of another namespace listens";
        }
        catch (SocketException)
        {
            return "";
        }
    }

    private static string NameOf(int process)
    {
        try
        {
            return $" ({File.ReadAllText($"/proc/{process}/comm").Trim()})";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string Permit(string? path)
    {
        if (OperatingSystem.IsWindows() || path is null) return "Grant this user access to it.";
        try
        {
            return $"We are user {UnixFile.OurUserId} and group {UnixFile.OurGroupId}; there is{DescribeFile(path).TrimStart(',')}. Connecting requires write permission on it, and execute permission on each directory above it.";
        }
        catch (IOException e)
        {
            return $"{e.Message} We are user {UnixFile.OurUserId} and group {UnixFile.OurGroupId}: grant them execute permission on each directory above the socket.";
        }
    }
}
