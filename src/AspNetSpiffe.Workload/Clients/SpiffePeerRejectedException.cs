using System.Security.Authentication;

namespace AspNetSpiffe;

/// <summary>The server is not verified, or not the expected one. No request was sent to it.</summary>
/// <remarks>
/// It is not an <see cref="HttpRequestException"/>, because it is not a transient failure: Microsoft.Extensions.Http.Resilience and similar libraries do not retry it.
/// </remarks>
public sealed class SpiffePeerRejectedException : AuthenticationException
{
    /// <param name="result">The rejection.</param>
    /// <param name="expected">The expected server.</param>
    /// <param name="ours">The bundles and the SVID that were used, for the advice.</param>
    /// <param name="inner">The framework's exception.</param>
    internal SpiffePeerRejectedException(VerificationResult result, SpiffeIdPattern expected, TrustContext? ours, Exception? inner = null)
        : base($"The server was rejected: {result.Reason}. It presented {(result.Id is { } id ? $"'{id}'" : "no SPIFFE ID")}. {RejectionAdvice.For(result.Reason, result.Id, PeerRole.Server, expected, ours)}", inner)
    {
        Reason = result.Reason;
        Id = result.Id;
        Expected = expected;
    }

    /// <summary>Gets the rejection reason.</summary>
    public RejectionReason Reason { get; }

    /// <summary>Gets the SPIFFE ID that the server claimed, if it could be read. It is not verified.</summary>
    public SpiffeId? Id { get; }

    /// <summary>Gets the expected server.</summary>
    public SpiffeIdPattern Expected { get; }
}
