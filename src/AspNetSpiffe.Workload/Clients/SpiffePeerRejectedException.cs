using System.Security.Authentication;

namespace AspNetSpiffe;

/// <summary>The server that we called is not verified, or not the one that we expected. Nothing was sent to it.</summary>
/// <remarks>
/// No <see cref="HttpRequestException"/>, and so no passing fault: the retries of Microsoft.Extensions.Http.Resilience and the like do not call such a server again and again.
/// </remarks>
public sealed class SpiffePeerRejectedException : AuthenticationException
{
    /// <param name="result">The refusal.</param>
    /// <param name="expected">Whom we expected.</param>
    /// <param name="ours">What we knew at the time, for the advice.</param>
    /// <param name="inner">What the framework made of it.</param>
    internal SpiffePeerRejectedException(VerificationResult result, SpiffeIdPattern expected, TrustContext? ours, Exception? inner = null)
        : base($"The server was refused: {result.Reason}. It presented {(result.Id is { } id ? $"'{id}'" : "no SPIFFE ID")}. {RejectionAdvice.For(result.Reason, result.Id, PeerRole.Server, expected, ours)}", inner)
    {
        Reason = result.Reason;
        Id = result.Id;
        Expected = expected;
    }

    /// <summary>Gets why the server was refused.</summary>
    public RejectionReason Reason { get; }

    /// <summary>Gets the ID that the server claimed, if it could be read. It proves nothing.</summary>
    public SpiffeId? Id { get; }

    /// <summary>Gets whom we expected.</summary>
    public SpiffeIdPattern Expected { get; }
}
