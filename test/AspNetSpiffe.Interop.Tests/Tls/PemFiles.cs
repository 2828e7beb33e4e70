using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.InteropTests;

/// <summary>An identity as files for programs that read PEM: the chain, its intermediates once more by themselves, the key, and the authorities to trust.</summary>
internal sealed record PemFiles(string Chain, string Intermediates, string Key, string Bundle)
{
    /// <summary>Writes what an agent has issued.</summary>
    public static PemFiles Write(string folder, X509Context context) =>
        Write(folder, context.DefaultSvid.Leaf, context.DefaultSvid.Intermediates, context.Bundles.Find(context.TrustDomain)!.Authorities);

    public static PemFiles Write(string folder, X509Certificate2 leaf, IReadOnlyList<X509Certificate2> intermediates, IEnumerable<X509Certificate2> authorities)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var key = leaf.GetECDsaPrivateKey()!;
        return new(
            WriteFile(folder, "svid.pem", Pem([leaf, .. intermediates])),
            WriteFile(folder, "intermediates.pem", Pem(intermediates)),
            WriteFile(folder, "key.pem", key.ExportPkcs8PrivateKeyPem()),
            WriteFile(folder, "bundle.pem", Pem(authorities)));
    }

    private static string Pem(IEnumerable<X509Certificate2> certificates) => string.Join('\n', certificates.Select(c => c.ExportCertificatePem())) + "\n";

    private static string WriteFile(string folder, string name, string text)
    {
        var path = Path.Combine(folder, name);
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        using var writer = new StreamWriter(file);
        writer.Write(text);
        return path;
    }
}
