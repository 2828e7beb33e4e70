using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>Another object for the certificate of a peer, to read from.</summary>
internal static class SharedCertificate
{
    /// <summary>Gives an object that shares the native certificate, and is to be disposed. What is read of a certificate, its extensions above all, stays with the object, and the peer's lives as long as its connection.</summary>
    public static X509Certificate2 Share(this X509Certificate2 certificate) => new(certificate);
}
