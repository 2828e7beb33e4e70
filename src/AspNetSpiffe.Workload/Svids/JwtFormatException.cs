namespace AspNetSpiffe;

/// <summary>A token violates a rule with a specific rejection reason. Any other <see cref="FormatException"/> means that the token is malformed.</summary>
internal sealed class JwtFormatException(JwtRejectionReason reason, string message) : FormatException(message)
{
    public JwtRejectionReason Reason => reason;
}
