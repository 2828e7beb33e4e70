using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The SHA-256 of some bytes, as a value.</summary>
internal readonly record struct Sha256(UInt128 First, UInt128 Second)
{
    public const int Length = SHA256.HashSizeInBytes;

    /// <summary>Hashes the DER of a certificate.</summary>
    /// <remarks>RawData, and even TryGetCertHash, would leave a copy of the DER in the certificate's object, and that of a peer lives as long as its connection.</remarks>
    public static Sha256 OfDer(X509Certificate2 certificate) => Of(certificate.Export(X509ContentType.Cert));

    public static Sha256 Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Length];
        SHA256.HashData(bytes, hash);
        return MemoryMarshal.Read<Sha256>(hash);
    }
}
