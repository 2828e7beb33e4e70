using System.Security.Authentication;

namespace AspNetSpiffe;

/// <summary>The server that we called is not verified, or not the one that we expected. Nothing was sent to it.</summary>
public sealed class SpiffePeerRejectedException : AuthenticationException
{
    internal SpiffePeerRejectedException(VerificationResult result, SpiffeIdPattern expected, Exception? inner = null)
        : base($"The server was refused: {result.Reason}. It presented {(result.Id is { } id ? $"'{id}'" : "no SPIFFE ID")}; expected was '{expected}'.", inner)
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
