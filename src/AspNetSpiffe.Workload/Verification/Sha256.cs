using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AspNetSpiffe;

/// <summary>The SHA-256 of some bytes, as a value.</summary>
internal readonly record struct Sha256(UInt128 First, UInt128 Second)
{
    public const int Length = SHA256.HashSizeInBytes;

    public static Sha256 Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Length];
        SHA256.HashData(bytes, hash);
        return MemoryMarshal.Read<Sha256>(hash);
    }
}
