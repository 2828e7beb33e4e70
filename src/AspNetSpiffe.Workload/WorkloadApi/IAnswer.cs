namespace AspNetSpiffe.Wire;

/// <summary>A response of the Workload API, or the error that it exceeds a limit.</summary>
internal interface IAnswer
{
    /// <summary>Gets or sets the error of a message over a limit, of which nothing else was read.</summary>
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
