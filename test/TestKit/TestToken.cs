using System.Buffers.Text;
using System.Text;

namespace AspNetSpiffe.TestKit;

/// <summary>A token with arbitrary parts, valid or not; unsigned by default.</summary>
public sealed record TestToken
{
    /// <summary>Gets the header as JSON.</summary>
    public string Header { get; init; } = """{"alg":"ES256","kid":"k1","typ":"JWT"}""";

    /// <summary>Gets the payload as JSON.</summary>
    public string Payload { get; init; } = """{"sub":"spiffe://td/web","aud":["aud"],"exp":4102444800}""";

    /// <summary>Gets the bytes of the signature as text.</summary>
    public string Signature { get; init; } = "no signature";

    /// <summary>Creates a token of a subject and audiences.</summary>
    public static TestToken For(string subject, params string[] audiences) =>
        new() { Payload = $$"""{"sub":"{{subject}}","aud":[{{string.Join(',', audiences.Select(audience => $"\"{audience}\""))}}],"exp":4102444800}""" };

    /// <summary>Returns the token in compact form.</summary>
    public override string ToString() => $"{Encode(Header)}.{Encode(Payload)}.{Encode(Signature)}";

    /// <summary>Returns the token in compact form, really signed.</summary>
    /// <param name="key">Signs.</param>
    /// <param name="algorithm">The algorithm, whatever the header says.</param>
    public string SignedBy(TestKey key, string algorithm = "ES256")
    {
        ArgumentNullException.ThrowIfNull(key);
        var signed = $"{Encode(Header)}.{Encode(Payload)}";
        return $"{signed}.{Base64Url.EncodeToString(key.SignJws(algorithm, Encoding.ASCII.GetBytes(signed)))}";
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
