using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>A fetch from a bundle endpoint failed. The message is for the operator.</summary>
/// <param name="cause">The stable identification of the error; the message may vary.</param>
/// <param name="message">The error and the remedy.</param>
/// <param name="retryAfter">The delay that the endpoint requested (<c>Retry-After</c>), if any.</param>
/// <param name="innerException">The inner exception.</param>
internal sealed class BundleFetchException(string cause, string message, TimeSpan? retryAfter = null, Exception? innerException = null) : Exception(message, innerException)
{
    public string Cause => cause;

    /// <summary>Gets the value of the tag <c>error.type</c>: the first word of the cause, or the HTTP status code.</summary>
    public string ErrorType => cause.Split(' ') is ["Status", var status] ? status : JsonNamingPolicy.SnakeCaseLower.ConvertName(cause.Split(' ')[0]);

    public TimeSpan? RetryAfter => retryAfter;
}
