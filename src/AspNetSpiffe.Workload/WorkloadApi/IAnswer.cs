namespace AspNetSpiffe.Wire;

/// <summary>An answer of the Workload API, or why it is none.</summary>
internal interface IAnswer
{
    /// <summary>Gets or sets which limit the message breaks; nothing else of it was read then.</summary>
    FormatException? Refusal { get; set; }
}

internal sealed partial class X509SVIDResponse : IAnswer
{
    public FormatException? Refusal { get; set; }
}

internal sealed partial class X509BundlesResponse : IAnswer
{
    public FormatException? Refusal { get; set; }
}

internal sealed partial class JWTSVIDResponse : IAnswer
{
    public FormatException? Refusal { get; set; }
}

internal sealed partial class JWTBundlesResponse : IAnswer
{
    public FormatException? Refusal { get; set; }
}

internal sealed partial class ValidateJWTSVIDResponse : IAnswer
{
    public FormatException? Refusal { get; set; }
}
