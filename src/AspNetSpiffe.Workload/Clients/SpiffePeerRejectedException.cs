using System.Security.Authentication;

namespace AspNetSpiffe;

/// <summary>The server is not verified, or not the expected one. Nothing was sent to it.</summary>
/// <remarks>
/// It is not an <see cref="HttpRequestException"/>, so it is not a transient failure: the retries of Microsoft.Extensions.Http.Resilience and the like do not call such a server again and again.
/// </remarks>
public sealed class SpiffePeerRejectedException : AuthenticationException
{
    /// <param name="result">The rejection.</param>
    /// <param name="expected">The expected server.</param>
    /// <param name="ours">What we knew at the time, for the advice.</param>
    /// <param name="inner">What the framework made of it.</param>
    internal SpiffePeerRejectedException(VerificationResult result, SpiffeIdPattern expected, TrustContext? ours, Exception? inner = null)
        : base($"The server was rejected: {result.Reason}. It presented {(result.Id is { } id ? $"'{id}'" : "no SPIFFE ID")}. {RejectionAdvice.For(result.Reason, result.Id, PeerRole.Server, expected, ours)}", inner)
    {
        Reason = result.Reason;
        Id = result.Id;
        Expected = expected;
    }

    /// <summary>Gets why the server was rejected.</summary>
    public RejectionReason Reason { get; }

    /// <summary>Gets the SPIFFE ID that the server claimed, if it could be read. It is not verified.</summary>
    public SpiffeId? Id { get; }

    /// <summary>Gets the expected server.</summary>
    public SpiffeIdPattern Expected { get; }
}
