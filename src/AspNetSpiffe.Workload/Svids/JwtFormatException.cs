namespace AspNetSpiffe;

/// <summary>A token breaks a rule that has a reason of its own; any other <see cref="FormatException"/> says that it is malformed.</summary>
internal sealed class JwtFormatException(JwtRejectionReason reason, string message) : FormatException(message)
{
    public JwtRejectionReason Reason => reason;
}
