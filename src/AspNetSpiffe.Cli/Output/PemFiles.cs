using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace AspNetSpiffe.Cli.Output;

/// <summary>The names and contents of the files; the library reads the same layouts (docs/files.md).</summary>
internal enum FileLayout
{
    /// <summary>svid.pem, key.pem and bundle.pem.</summary>
    Plain,

    /// <summary>tls.crt, tls.key and ca.crt.</summary>
    CertManager,

    /// <summary>svid.pem, svid_key.pem and svid_bundle.pem.</summary>
    SpiffeHelper,

    /// <summary>credentialbundle.pem, with the key and the chain, and bundle.pem.</summary>
    PodCertificate,
}

/// <summary>Writes the default identity to files for other programs.</summary>
internal static class PemFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode ForAll = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes the chain (leaf and intermediates), the key (PKCS#8, mode 0600) and the bundle of the own trust domain; returns the paths.</summary>
    /// <exception cref="IOException">The directory cannot be written to, or other users could replace files in it; or an existing file is not a regular file.</exception>
    public static string[] Write(X509Context context, string directory, FileLayout layout)
    {
        var svid = context.DefaultSvid;
        var bundle = context.Bundles.Find(svid.Id.TrustDomain)
            ?? throw new InvalidOperationException($"The Workload API sent no bundle for '{svid.Id.TrustDomain}', the trust domain of its own SVID.");

        var chain = ToBytes([svid.Leaf, .. svid.Intermediates]);
        var key = KeyOf(svid.Leaf);
        byte[] both = layout == FileLayout.PodCertificate ? [.. key, .. chain] : [];
        try
        {
            // The certificate last: a program that watches it finds the matching key and bundle.
            var authorities = ToBytes(bundle.Authorities);
            return layout switch
            {
                FileLayout.CertManager => WriteAll(directory, ("ca.crt", authorities, ForAll), ("tls.key", key, OwnerOnly), ("tls.crt", chain, ForAll)),
                FileLayout.SpiffeHelper => WriteAll(directory, ("svid_bundle.pem", authorities, ForAll), ("svid_key.pem", key, OwnerOnly), ("svid.pem", chain, ForAll)),
                FileLayout.PodCertificate => WriteAll(directory, ("bundle.pem", authorities, ForAll), ("credentialbundle.pem", both, OwnerOnly)),
                _ => WriteAll(directory, ("bundle.pem", authorities, ForAll), ("key.pem", key, OwnerOnly), ("svid.pem", chain, ForAll)),
            };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
            CryptographicOperations.ZeroMemory(both);
        }
    }

    private static byte[] ToBytes(IEnumerable<X509Certificate2> certificates) =>
        Encoding.ASCII.GetBytes(string.Concat(certificates.Select(static c => c.ExportCertificatePem() + "\n")));

    private static byte[] KeyOf(X509Certificate2 leaf)
    {
        using AsymmetricAlgorithm key = (AsymmetricAlgorithm?)leaf.GetECDsaPrivateKey() ?? leaf.GetRSAPrivateKey()
            ?? throw new InvalidOperationException($"The key of the SVID is neither ECDSA nor RSA, but '{leaf.PublicKey.Oid.FriendlyName ?? leaf.PublicKey.Oid.Value}'.");
        var pkcs8 = key.ExportPkcs8PrivateKey();
        var pem = PemEncoding.Write("PRIVATE KEY", pkcs8);
        var bytes = new byte[pem.Length + 1];
        bytes[Encoding.ASCII.GetBytes(pem, bytes)] = (byte)'\n';
        CryptographicOperations.ZeroMemory(pkcs8);
        Array.Clear(pem);
        return bytes;
    }

    private static string[] WriteAll(string directory, params ReadOnlySpan<(string Name, byte[] Content, UnixFileMode Mode)> files)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(directory);
        else SafeFolder.Make(directory);

        var (paths, fresh) = (new string[files.Length], new List<string>());
        for (var i = 0; i < files.Length; i++) RequireReplaceable(paths[i] = Path.Combine(directory, files[i].Name));
        try
        {
            // All files are written completely before the first is renamed; each rename is atomic.
            for (var i = 0; i < files.Length; i++) fresh.Add(WriteBeside(paths[i], files[i].Content, files[i].Mode));
            for (var i = 0; i < files.Length; i++) File.Move(fresh[i], paths[i], overwrite: true);
            return paths;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fresh.ForEach(TryDelete);
            throw new IOException($"The directory '{directory}' is not writable ({Describe(e)}). Choose another directory.", e);
        }
    }

    // Renaming over a link or a pipe would not harm its target, but its creator had a purpose.
    private static void RequireReplaceable(string path)
    {
        if (OperatingSystem.IsWindows() || UnixFile.Find(path) is not { } found) return;
        if (found.Kind != UnixFileKind.File) throw new IOException($"'{path}' is {found.Describe()}, not a file: it is not followed, and not replaced. Remove it, or choose another directory.");
        if (!found.IsOurs) throw new IOException($"'{path}' belongs to user {found.UserId}, but this process runs as user {UnixFile.OurUserId}: it is not replaced. Remove it, or choose another directory.");
    }

    // A new file with an unpredictable name next to the old one: a key is never in a file that others can read, nor partly in one that is in use.
    private static string WriteBeside(string path, byte[] content, UnixFileMode mode)
    {
        var fresh = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = mode;
        using var file = new FileStream(fresh, options);
        try
        {
            file.Write(content);
            return fresh;
        }
        catch (IOException)
        {
            TryDelete(fresh);
            throw;
        }
    }

    // The framework's message for a missing folder contains the name of the temporary file.
    private static string Describe(Exception failure) => failure is FileNotFoundException or DirectoryNotFoundException
        ? "no file can be created in it"
        : failure.Message.TrimEnd('.');

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The file was not created; the original error is reported.
        }
    }
}
