namespace AspNetSpiffe;

/// <summary>Looks at what stands where the socket of an agent should be.</summary>
internal static class SocketFile
{
    private const int MostNames = 3;

    /// <summary>Says what is there instead of a socket, and what to do; <see langword="null"/> when it is a socket, or just not there.</summary>
    public static string? WhatIsWrong(string path)
    {
        try
        {
            if (Directory.Exists(path)) return DescribeFolder(path);
            if (MissingFolder(path) is { } missing) return missing;
            if (!File.Exists(path)) return null;
            if (File.ResolveLinkTarget(path, returnFinalTarget: true) is { Exists: false } target) return DescribeLink(target.FullName);
            return IsOrdinaryFile(path) ? "An ordinary file is there, and no socket: correct the address, or remove the file and start the agent." : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It changes while we look, or we may not: then the error of the socket must do.
            return null;
        }
    }

    private static string DescribeFolder(string path)
    {
        string[] names = [.. Directory.EnumerateFiles(path).Select(Path.GetFileName).OfType<string>().Take(MostNames)];
        var inside = names.Length == 0
            ? "It is empty: container runtimes make a folder where the socket that they should mount does not exist yet; mount the folder of the socket instead, and start the agent first."
            : $"The socket may be inside: there is {string.Join(", ", names.Select(name => SpiffeIdProblem.Quote(name)))}.";
        return $"A folder is there, and no socket. {inside}";
    }

    private static string? MissingFolder(string path)
    {
        for (var folder = Path.GetDirectoryName(path); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Directory.Exists(folder)) return null;
            if (File.Exists(folder)) return $"{SpiffeIdProblem.Quote(folder)} is a file, and no folder: correct the address.";
            if (Directory.Exists(Path.GetDirectoryName(folder)))
                return $"There is no folder {SpiffeIdProblem.Quote(folder)}: start the agent, or mount its folder into this container, or correct the address.";
        }

        return null;
    }

    private static string DescribeLink(string target) =>
        $"A symbolic link is there, to {SpiffeIdProblem.Quote(target)}, where there is nothing: start the agent, or mount the folder that the link leads to.";

    // A socket has no length and cannot be opened; for writing too, or a pipe would make us wait.
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
