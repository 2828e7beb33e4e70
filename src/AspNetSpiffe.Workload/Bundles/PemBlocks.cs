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

/// <summary>Reads PEM texts (RFC 7468) whole or not at all: the framework's own reader takes a block without an end for a comment.</summary>
internal static class PemBlocks
{
    private static ReadOnlySpan<byte> Boundary => "-----"u8;

    /// <summary>Reads all blocks. Text between them is a comment; keys among them are for the caller to clear.</summary>
    /// <exception cref="FormatException">A block has no end, or is not valid base64; the message says nothing of what is in it.</exception>
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

    /// <summary>Reads a text of certificates as DER, one after the other. Private keys among them are ignored.</summary>
    /// <exception cref="FormatException">It cannot be read, holds something else, or no certificate.</exception>
    public static byte[] ReadCertificates(ReadOnlySpan<byte> text)
    {
        var blocks = Read(text);
        Clear(blocks);
        RequireCertificatesAndKeys(blocks);
        if (!blocks.Exists(block => block.IsCertificate)) throw new FormatException("It contains no PEM block 'CERTIFICATE'.");
        return [.. blocks.Where(block => block.IsCertificate).SelectMany(block => block.Der)];
    }

    /// <exception cref="FormatException">There is something else.</exception>
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
