namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>A valid token in which one character is replaced, more than it should be, or missing.</summary>
internal sealed record ChangedTokenParts(TokenParts Parts, int Anywhere, int Removed, string Inserted)
{
    public string Token => Parts.Token().ToString();

    public string Changed => Token[..At] + Inserted + Token[(At + Removed)..];

    public override string ToString() => $"{Parts}: at {At} of the token, '{Inserted}' for {Removed} characters";

    private int At => Anywhere % Token.Length;
}
