using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace AspNetSpiffe.Cli.Output;

/// <summary>The default identity as files that other programs read.</summary>
internal static class PemFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes svid.pem (leaf and intermediates), key.pem (PKCS#8, mode 0600) and bundle.pem; gives their paths.</summary>
    public static string[] Write(X509Context context, string directory)
    {
        Directory.CreateDirectory(directory);
        var svid = context.DefaultSvid;
        var bundle = context.Bundles.Find(svid.Id.TrustDomain)
            ?? throw new InvalidOperationException($"The Workload API sent no bundle for '{svid.Id.TrustDomain}', the trust domain of its own SVID.");

        string[] paths = [Path.Combine(directory, "svid.pem"), Path.Combine(directory, "key.pem"), Path.Combine(directory, "bundle.pem")];
        File.WriteAllText(paths[0], ToPem([svid.Leaf, .. svid.Intermediates]));
        WriteKey(paths[1], svid.Leaf);
        File.WriteAllText(paths[2], ToPem(bundle.Authorities));
        return paths;
    }

    public static string ToPem(IEnumerable<X509Certificate2> certificates) => string.Concat(certificates.Select(static c => c.ExportCertificatePem() + "\n"));

    private static void WriteKey(string path, X509Certificate2 leaf)
    {
        using AsymmetricAlgorithm key = (AsymmetricAlgorithm?)leaf.GetECDsaPrivateKey() ?? leaf.GetRSAPrivateKey()
            ?? throw new InvalidOperationException($"The key of the SVID is neither ECDSA nor RSA, but '{leaf.PublicKey.Oid.FriendlyName ?? leaf.PublicKey.Oid.Value}'.");
        var pkcs8 = key.ExportPkcs8PrivateKey();
        var pem = PemEncoding.Write("PRIVATE KEY", pkcs8);
        var bytes = new byte[pem.Length + 1];
        try
        {
            bytes[Encoding.ASCII.GetBytes(pem, bytes)] = (byte)'\n';
            WriteOwnerOnly(path, bytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
            CryptographicOperations.ZeroMemory(bytes);
            Array.Clear(pem);
        }
    }

    private static void WriteOwnerOnly(string path, byte[] content)
    {
        // Made anew beside the old one: a key is never in a file that others could read, nor half of it in one that is in use.
        var fresh = path + ".new";
        File.Delete(fresh);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        using (var file = new FileStream(fresh, options)) file.Write(content);
        File.Move(fresh, path, overwrite: true);
    }
}
