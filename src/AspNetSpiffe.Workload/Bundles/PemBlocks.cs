using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace AspNetSpiffe;

/// <summary>One block of a PEM text.</summary>
internal readonly record struct PemBlock(string Label, byte[] Der)
{
    public bool IsCertificate => Label == "CERTIFICATE";

    public bool IsKey => Label.EndsWith("PRIVATE KEY", StringComparison.Ordinal);
}

/// <summary>Parses PEM (RFC 7468) strictly: the framework's own parser treats a block without an end as a comment.</summary>
internal static class PemBlocks
{
    private static ReadOnlySpan<byte> Boundary => "-----"u8;

    /// <summary>Reads all blocks. Text between them is ignored. The caller must clear private keys among them, with <see cref="Clear"/>.</summary>
    /// <exception cref="FormatException">A block has no end, or is not valid base64; the message contains no part of it.</exception>
    public static List<PemBlock> Read(ReadOnlySpan<byte> text)
    {
        var blocks = new List<PemBlock>();
        while (PemEncoding.TryFindUtf8(text, out var block))
        {
            RequireComment(text[..block.Location.Start.Value], blocks.Count);
            blocks.Add(new(Encoding.UTF8.GetString(text[block.Label]), Decode(text[block.Base64Data], block.DecodedDataLength, blocks.Count)));
            text = text[block.Location.End.Value..];
        }

        RequireComment(text, blocks.Count);
        return blocks;
    }

    /// <summary>Reads certificates from PEM and returns them as concatenated DER. Private keys among them are ignored.</summary>
    /// <exception cref="FormatException">The text cannot be read, contains another kind of block, or no certificate.</exception>
    public static byte[] ReadCertificates(ReadOnlySpan<byte> text)
    {
        var blocks = Read(text);
        Clear(blocks);
        RequireCertificatesAndKeys(blocks);
        if (!blocks.Exists(block => block.IsCertificate)) throw new FormatException("It contains no PEM block 'CERTIFICATE'.");
        return [.. blocks.Where(block => block.IsCertificate).SelectMany(block => block.Der)];
    }

    /// <exception cref="FormatException">There is another kind of block.</exception>
    public static void RequireCertificatesAndKeys(List<PemBlock> blocks)
    {
        if (blocks.FirstOrDefault(block => !block.IsCertificate && !block.IsKey) is { Label: { } label }) throw new FormatException($"It contains a block '{label}', which is neither a certificate nor a key.");
    }

    /// <summary>Clears the keys among the blocks.</summary>
    public static void Clear(List<PemBlock> blocks)
    {
        foreach (var block in blocks.Where(block => block.IsKey)) CryptographicOperations.ZeroMemory(block.Der);
    }

    private static byte[] Decode(ReadOnlySpan<byte> base64, int length, int number)
    {
        var der = new byte[length];
        return Base64.DecodeFromUtf8(base64, der, out _, out var written) == OperationStatus.Done && written == length
            ? der
            : throw new FormatException($"Its PEM block {number + 1} is not valid base64.");
    }

    private static void RequireComment(ReadOnlySpan<byte> text, int number)
    {
        if (text.IndexOf(Boundary) >= 0) throw new FormatException($"Its PEM block {number + 1} is truncated or malformed.");
    }
}
