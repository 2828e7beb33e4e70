using System.Security.Cryptography;
using Google.Protobuf;

namespace Mesh;

/// <summary>A mock of the platform of a workload: it attests, signed with its endorsement key, the program and its public key.</summary>
/// <remarks>A real TPM or trusted execution environment protects that key and measures the program. Here the key is a file, and the program measures itself.</remarks>
public sealed class Platform : IDisposable
{
    private readonly ECDsa _endorsementKey;
    private readonly byte[] _measurement;

    private Platform(ECDsa endorsementKey, byte[] measurement) => (_endorsementKey, _measurement) = (endorsementKey, measurement);

    /// <summary>Creates an endorsement key in a new file that only this user may read.</summary>
    /// <returns>Its public key: SubjectPublicKeyInfo, DER.</returns>
    public static byte[] CreateKey(string path)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var file = new StreamWriter(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        file.WriteLine(key.ExportPkcs8PrivateKeyPem());
        return key.ExportSubjectPublicKeyInfo();
    }

    /// <summary>Opens the platform of a program.</summary>
    /// <param name="keyFile">The endorsement key.</param>
    /// <param name="program">The file of the program.</param>
    public static Platform Open(string keyFile, string program)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(keyFile));
            return new(key, Measure(program));
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>Measures a program: SHA-256 of its file.</summary>
    public static byte[] Measure(string program)
    {
        using var file = File.OpenRead(program);
        return SHA256.HashData(file);
    }

    /// <summary>Reports that this program holds a key.</summary>
    /// <param name="publicKey">The public key: SubjectPublicKeyInfo, DER.</param>
    /// <param name="nonce">The nonce of the authority.</param>
    public EndorsementReport Report(byte[] publicKey, ByteString nonce)
    {
        var statement = new ReportStatement
        {
            EndorsementKey = ByteString.CopyFrom(_endorsementKey.ExportSubjectPublicKeyInfo()),
            Measurement = ByteString.CopyFrom(_measurement),
            KeyHash = ByteString.CopyFrom(SHA256.HashData(publicKey)),
            Nonce = nonce,
        }.ToByteString();
        var signature = _endorsementKey.SignData(statement.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return new() { Statement = statement, Signature = ByteString.CopyFrom(signature) };
    }

    /// <summary>Disposes the key.</summary>
    public void Dispose() => _endorsementKey.Dispose();
}
