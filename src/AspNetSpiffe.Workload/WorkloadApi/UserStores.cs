using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The certificate stores of the user of this process: .NET reads one of them for each chain build, although it is not used.</summary>
internal static class UserStores
{
    /// <summary>Fails early if the stores cannot be read, because then every chain build would fail.</summary>
    /// <exception cref="InvalidOperationException">The stores cannot be read; the message says what to do.</exception>
    public static void RequireReadable()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            using var distrusted = new X509Store(StoreName.Disallowed, StoreLocation.CurrentUser);
            distrusted.Open(OpenFlags.ReadOnly);
            foreach (var certificate in distrusted.Certificates) certificate.Dispose();
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException or CryptographicException or InvalidOperationException)
        {
            throw new InvalidOperationException(
                $"This process cannot check certificates: .NET cannot read the certificate stores of its user. {e.Message} " +
                $"They are in the home directory, and HOME is {SpiffeIdProblem.Quote(Environment.GetEnvironmentVariable("HOME"))}: set the environment variable HOME to a directory that this user can read and write.",
                e);
        }
    }
}
