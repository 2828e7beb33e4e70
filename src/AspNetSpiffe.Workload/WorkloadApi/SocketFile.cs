namespace AspNetSpiffe;

/// <summary>Diagnoses the file at the path of an agent's socket.</summary>
internal static class SocketFile
{
    private const int MostNames = 3;

    /// <summary>Describes what is there instead of a socket, and the remedy; <see langword="null"/> when it is a socket or does not exist.</summary>
    public static string? WhatIsWrong(string path)
    {
        try
        {
            if (Directory.Exists(path)) return DescribeFolder(path);
            if (MissingFolder(path) is { } missing) return missing;
            if (!File.Exists(path)) return null;
            if (File.ResolveLinkTarget(path, returnFinalTarget: true) is { Exists: false } target) return DescribeLink(target.FullName);
            return IsOrdinaryFile(path) ? "The path is a regular file, not a socket: correct the address, or remove the file and start the agent." : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The file changes meanwhile, or access is denied: the error of the socket is reported instead.
            return null;
        }
    }

    private static string DescribeFolder(string path)
    {
        string[] names = [.. Directory.EnumerateFiles(path).Select(Path.GetFileName).OfType<string>().Take(MostNames)];
        var inside = names.Length == 0
            ? "It is empty: container runtimes create a directory if the socket to mount does not exist yet; mount the directory of the socket instead, and start the agent first."
            : $"The socket may be inside; the directory contains {string.Join(", ", names.Select(name => SpiffeIdProblem.Quote(name)))}.";
        return $"The path is a directory, not a socket. {inside}";
    }

    private static string? MissingFolder(string path)
    {
        for (var folder = Path.GetDirectoryName(path); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Directory.Exists(folder)) return null;
            if (File.Exists(folder)) return $"{SpiffeIdProblem.Quote(folder)} is a file, not a directory: correct the address.";
            if (Directory.Exists(Path.GetDirectoryName(folder)))
                return $"The directory {SpiffeIdProblem.Quote(folder)} does not exist: start the agent, or mount its directory into this container, or correct the address.";
        }

        return null;
    }

    private static string DescribeLink(string target) =>
        $"The path is a symbolic link to {SpiffeIdProblem.Quote(target)}, which does not exist: start the agent, or mount the directory that the link points to.";

    // A socket has no length and cannot be opened. Opened for writing too, because opening a FIFO for reading only would block.
    private static bool IsOrdinaryFile(string path)
    {
        if (new FileInfo(path).Length > 0) return true;
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
