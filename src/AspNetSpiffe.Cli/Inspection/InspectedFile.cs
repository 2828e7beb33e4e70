using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace AspNetSpiffe.Cli.Inspection;

/// <summary>The kinds of content of a file.</summary>
internal enum FileKind
{
    Certificate,
    Bundle,
    Token,
}

/// <summary>The bytes of a file or the standard input, and the detection of their kind.</summary>
internal sealed class InspectedFile
{
    private const string StandardInput = "-";
    private const int MaxLength = 16 * 1024 * 1024;

    private readonly byte[] _bytes;

    private InspectedFile(string name, byte[] bytes) => (Name, _bytes) = (name, bytes);

    public string Name { get; }

    /// <summary>Gets the bytes of a JSON document.</summary>
    public ReadOnlyMemory<byte> Json => _bytes;

    public bool IsJson => FirstCharacter == '{';

    public bool IsBundleMap => IsJson && Text.Contains("\"trust_domains\"", StringComparison.Ordinal);

    public bool IsPem => Text.Contains("-----BEGIN ", StringComparison.Ordinal);

    /// <summary>Gets the text, trimmed.</summary>
    public string Text => Encoding.UTF8.GetString(_bytes).Trim();

    private char FirstCharacter => Text is [var first, ..] ? first : '\0';

    /// <exception cref="IOException">It cannot be read, or is too long.</exception>
    public static InspectedFile Read(string name)
    {
        using var stream = name == StandardInput ? Console.OpenStandardInput() : File.OpenRead(name);
        using var copy = new MemoryStream();
        var buffer = new byte[81920];
        for (int read; (read = stream.Read(buffer)) > 0; copy.Write(buffer, 0, read))
            if (copy.Length > MaxLength)
                throw new IOException($"'{name}' has more than {MaxLength} bytes: it is neither a certificate nor a bundle nor a token.");

        return new(name == StandardInput ? "standard input" : $"'{name}'", copy.ToArray());
    }

    /// <summary>Detects the kind of content: certificates of which the first is a CA are a bundle.</summary>
    /// <exception cref="FormatException">It is no kind of content that can be inspected.</exception>
    public FileKind Detect()
    {
        if (IsJson) return FileKind.Bundle;
        if (IsPem || FirstCharacter == '0') return ReadCertificates()[0].Extensions.OfType<X509BasicConstraintsExtension>().Any(static c => c.CertificateAuthority) ? FileKind.Bundle : FileKind.Certificate;
        if (Text.Count(static c => c == '.') == 2 && !Text.Any(char.IsWhiteSpace)) return FileKind.Token;
        throw new FormatException($"{Name} is neither a certificate (PEM or DER) nor a bundle (JSON or PEM) nor a token. To override the detection, use --as.");
    }

    /// <summary>Reads certificates, in PEM or concatenated DER; private keys among them are ignored.</summary>
    /// <exception cref="FormatException">It contains something else, or no certificate.</exception>
    public List<X509Certificate2> ReadCertificates()
    {
        try
        {
            var certificates = DerSequence.ReadCertificates(IsPem ? PemBlocks.ReadCertificates(_bytes) : _bytes);
            return certificates.Count > 0 ? certificates : throw new FormatException("There is no certificate.");
        }
        catch (FormatException e)
        {
            throw new FormatException($"{Name} cannot be read. {e.Message}", e);
        }
    }
}
