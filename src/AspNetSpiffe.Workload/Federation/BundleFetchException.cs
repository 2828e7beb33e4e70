using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>A bundle endpoint gave no bundle that counts. The message is for an operator.</summary>
/// <param name="cause">What tells one problem from another, however often the words change.</param>
/// <param name="message">What happened, and what to do about it.</param>
/// <param name="retryAfter">When the endpoint wants to be asked again, if it said so.</param>
/// <param name="innerException">What it was.</param>
internal sealed class BundleFetchException(string cause, string message, TimeSpan? retryAfter = null, Exception? innerException = null) : Exception(message, innerException)
{
    public string Cause => cause;

    /// <summary>Gets what metrics call it: the first word of the cause, or the status of HTTP.</summary>
    public string ErrorType => cause.Split(' ') is ["Status", var status] ? status : JsonNamingPolicy.SnakeCaseLower.ConvertName(cause.Split(' ')[0]);

    public TimeSpan? RetryAfter => retryAfter;
}
