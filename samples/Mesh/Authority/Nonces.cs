using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Mesh.Authorities;

/// <summary>Stateless nonces, so that no client can exhaust memory: a time with a MAC.</summary>
/// <remarks>A report can be replayed for a minute. That is harmless: the signed key is in the report, and only its owner can use it.</remarks>
internal sealed class Nonces(TimeProvider time)
{
    private const int TimeBytes = sizeof(long);
    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(1);

    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(HMACSHA256.HashSizeInBytes);

    public byte[] Next()
    {
        var issued = new byte[TimeBytes];
        BinaryPrimitives.WriteInt64BigEndian(issued, time.GetUtcNow().UtcTicks);
        return [.. issued, .. HMACSHA256.HashData(_secret, issued)];
    }

    public bool IsValid(ReadOnlySpan<byte> nonce)
    {
        if (nonce.Length != TimeBytes + HMACSHA256.HashSizeInBytes) return false;
        if (!CryptographicOperations.FixedTimeEquals(nonce[TimeBytes..], HMACSHA256.HashData(_secret, nonce[..TimeBytes]))) return false;
        var age = time.GetUtcNow().UtcTicks - BinaryPrimitives.ReadInt64BigEndian(nonce);
        return age >= 0 && age <= Validity.Ticks;
    }
}
