using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace AspNetSpiffe;

/// <summary>A snapshot of the contents of some files, or the errors of reading them. It may contain private keys: Dispose clears it.</summary>
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

    /// <summary>Gets a hash of the contents, to detect changes.</summary>
    public string Digest { get; }

    /// <summary>Gets the bundle files by trust domain at the time of the snapshot: a directory may have others later.</summary>
    public ImmutableArray<(TrustDomain TrustDomain, string Path)> Bundles { get; }

    /// <summary>Reads the files. A file that cannot be read is part of the snapshot as an error.</summary>
    public static FileSnapshot Of(SvidFiles files, bool withKey, int maxBytes) => new(files, withKey, maxBytes);

    /// <summary>Reads one file. The caller must clear the result.</summary>
    /// <exception cref="FormatException">It cannot be read; the message names it and says why.</exception>
    public static byte[] ReadFile(string path, int maxBytes) => ContentOf(Read(path, maxBytes));

    /// <summary>Returns the content of a file.</summary>
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

    // Without further buffers, which could keep a private key.
    private static byte[] ReadBytes(string path, int maxBytes)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var length = RandomAccess.GetLength(file);
        if (length > maxBytes) throw new IOException($"it has {length} bytes; the limit is {maxBytes}.");

        var content = new byte[length];
        var read = 0;
        while (read < length && RandomAccess.Read(file, content.AsSpan(read), read) is > 0 and var more) read += more;
        if (read == length) return content;

        // The file was truncated while it was read; the next poll reads another state.
        var part = content[..read];
        CryptographicOperations.ZeroMemory(content);
        return part;
    }

    private sealed record Entry(byte[] Content, string? Problem);
}
