using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace AspNetSpiffe;

/// <summary>What was in some files at one moment, or why it cannot be read. Keys may be among it: dispose it, and it is cleared.</summary>
internal sealed class FileSnapshot : IDisposable
{
    private readonly SortedDictionary<string, Entry> _files = new(StringComparer.Ordinal);

    private FileSnapshot(SvidFiles files, bool withKey, int maxBytes)
    {
        Bundles = [.. files.FindBundles()];
        string?[] paths = [files.Certificate, withKey ? files.Key : null, files.Bundle, files.BundleMap, .. Bundles.Select(bundle => bundle.Path)];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in paths.OfType<string>()) _files[path] = Read(path, maxBytes);
        foreach (var (path, entry) in _files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{path}\0{entry.Content.Length}\0{entry.Problem}\0"));
            hash.AppendData(entry.Content);
        }

        Digest = Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>Gets what tells this state of the files from others.</summary>
    public string Digest { get; }

    /// <summary>Gets the files of bundles by trust domain, as they were then: a directory may have others a moment later.</summary>
    public ImmutableArray<(TrustDomain TrustDomain, string Path)> Bundles { get; }

    /// <summary>Reads files as they are now; one that cannot be read is a part of their state.</summary>
    public static FileSnapshot Of(SvidFiles files, bool withKey, int maxBytes) => new(files, withKey, maxBytes);

    /// <summary>Reads one file, of whatever kind, for the caller to clear.</summary>
    /// <exception cref="FormatException">It cannot be read; the message names it and says why.</exception>
    public static byte[] ReadFile(string path, int maxBytes) => ContentOf(Read(path, maxBytes));

    /// <summary>Returns what is in a file.</summary>
    /// <exception cref="FormatException">It cannot be read; the message names it and says why.</exception>
    public byte[] ContentOf(string path) => ContentOf(_files[path]);

    public void Dispose()
    {
        foreach (var entry in _files.Values) CryptographicOperations.ZeroMemory(entry.Content);
    }

    private static byte[] ContentOf(Entry entry) => entry.Problem is null ? entry.Content : throw new FormatException(entry.Problem);

    private static Entry Read(string path, int maxBytes)
    {
        try
        {
            return new(ReadBytes(path, maxBytes), null);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new([], $"The file '{path}' does not exist.");
        }
        catch (UnauthorizedAccessException)
        {
            return new([], Directory.Exists(path) ? $"'{path}' is a directory, not a file." : $"This process may not read '{path}': check its owner and mode.");
        }
        catch (IOException e)
        {
            return new([], $"'{path}' cannot be read: {e.Message}");
        }
    }

    // With no buffer but its own: what was read may be a key.
    private static byte[] ReadBytes(string path, int maxBytes)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var length = RandomAccess.GetLength(file);
        if (length > maxBytes) throw new IOException($"it has {length} bytes; the limit is {maxBytes}.");

        var content = new byte[length];
        var read = 0;
        while (read < length && RandomAccess.Read(file, content.AsSpan(read), read) is > 0 and var more) read += more;
        if (read == length) return content;

        // It was cut off while it was read; the next look will show another state.
        var part = content[..read];
        CryptographicOperations.ZeroMemory(content);
        return part;
    }

    private sealed record Entry(byte[] Content, string? Problem);
}
