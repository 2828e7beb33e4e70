using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>The folders in which .NET keeps this user's certificates and the revocation lists that it has fetched.</summary>
internal static class UserStores
{
    private static readonly string Folder = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".dotnet", "corefx", "cryptography");

    /// <summary>Lists every folder, and every file with the hash of its content.</summary>
    public static string[] List() => !Directory.Exists(Folder) ? [] :
    [
        Folder, .. Directory.EnumerateDirectories(Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal),
        .. Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(path => $"{path} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)))}"),
    ];

    /// <summary>Removes an intermediate that the framework has fetched, and the folders that it made for it.</summary>
    public static void Remove(X509Certificate2 intermediate, string[] before)
    {
        using (var store = new X509Store(StoreName.CertificateAuthority, StoreLocation.CurrentUser, OpenFlags.ReadWrite)) store.Remove(intermediate);
        foreach (var added in List().Except(before).Where(Directory.Exists).Reverse()) Directory.Delete(added);
    }
}
