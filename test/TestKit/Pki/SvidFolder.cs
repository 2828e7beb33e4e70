using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.TestKit;

/// <summary>A temporary folder with the files of an SVID, and the usual ways to replace them.</summary>
public sealed partial class SvidFolder : IDisposable
{
    private const string Data = "..data";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("svid-files-");
    private int _generation;

    /// <summary>Gets the folder.</summary>
    public string Root => _folder.FullName;

    /// <summary>Returns the path of a file.</summary>
    public string PathOf(string name) => Path.Combine(Root, name);

    /// <summary>Returns the certificates as PEM.</summary>
    public static string Pem(params IEnumerable<X509Certificate2> certificates) => string.Concat(certificates.Select(certificate => certificate.ExportCertificatePem() + "\n"));

    /// <summary>Returns the chain of an SVID as PEM.</summary>
    public static string ChainOf(TestSvid svid) => Pem([svid.Leaf, .. svid.Intermediates]);

    /// <summary>Returns the private key of an SVID as PEM, PKCS#8.</summary>
    public static string KeyOf(TestSvid svid) => PemEncoding.WriteString("PRIVATE KEY", svid.Key.Pkcs8) + "\n";

    /// <summary>Writes a file in place, for this user only.</summary>
    public void Write(string name, string content)
    {
        File.WriteAllText(PathOf(name), content);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(PathOf(name), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Writes a file beside the old one, and renames it, as spiffe-helper does.</summary>
    public void Replace(string name, string content)
    {
        Write(name + ".new", content);
        File.Move(PathOf(name + ".new"), PathOf(name), overwrite: true);
    }

    /// <summary>Writes all files of a new generation into a folder of its own, and swaps the symbolic link that all names lead through, as the kubelet does.</summary>
    public void Swap(params (string Name, string Content)[] files)
    {
        var next = $"..generation_{_generation++}";
        Directory.CreateDirectory(PathOf(next));
        foreach (var (name, content) in files)
        {
            Write(Path.Combine(next, name), content);
            if (!File.Exists(PathOf(name))) File.CreateSymbolicLink(PathOf(name), Path.Combine(Data, name));
        }

        var old = new DirectoryInfo(PathOf(Data)).LinkTarget;
        File.CreateSymbolicLink(PathOf(Data + "_tmp"), next);

        // File.Move takes no link to a folder.
        if (Native.Rename(PathOf(Data + "_tmp"), PathOf(Data)) != 0) throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        if (old is not null) Directory.Delete(PathOf(old), recursive: true);
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);

    private static partial class Native
    {
        [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        public static partial int Rename(string from, string to);
    }
}
