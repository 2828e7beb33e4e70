using System.Security.Authentication;

namespace AspNetSpiffe;

/// <summary>Says what a failed request means, where the framework says only how it ended.</summary>
internal static class ServerFailure
{
    /// <summary>Returns the exception that says more, or <see langword="null"/> when the failure says all.</summary>
    /// <param name="failure">What the framework says.</param>
    /// <param name="ours">The SVID that we showed.</param>
    /// <param name="showsSvid">Whether the client shows SVIDs.</param>
    /// <param name="last">How the last connection ended, if it did so unanswered.</param>
    public static Exception? Explain(HttpRequestException failure, X509Svid? ours, bool showsSvid, UnansweredException? last)
    {
        // Not as the cause of an HttpRequestException: that is taken for a passing fault, and tried again (Microsoft.Extensions.Http.Resilience).
        if (failure.InnerException is SpiffePeerRejectedException refused) return refused;

        // Of a connection over HTTP/2 that has ended when a request is to get it, SocketsHttpHandler forgets the cause.
        var forgotten = failure is { InnerException: null, StatusCode: null, HttpRequestError: HttpRequestError.Unknown } ? last : null;
        if ((CausesOf(failure).OfType<UnansweredException>().FirstOrDefault() ?? forgotten) is { } unanswered)
            return Explained(failure, $"The server '{unanswered.Server}' closed the connection before it sent a response", ours, showsSvid);

        // A handshake that fails for our own sake, for want of an SVID, has no cause.
        return failure is { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: IOException or AuthenticationException { InnerException: not null } }
            ? Explained(failure, $"The TLS handshake failed before the server was verified ({CausesOf(failure).Last().Message.TrimEnd('.')})", ours, showsSvid)
            : null;
    }

    private static HttpRequestException Explained(HttpRequestException failure, string what, X509Svid? ours, bool showsSvid) =>
        new(failure.HttpRequestError, $"{what}. {(showsSvid ? MayHaveRefused(ours) : MayWantCertificate)}", failure, failure.StatusCode);

    private const string MayWantCertificate =
        "It may require a client certificate, and this client presents none: if the server requires mutual TLS, call it with AddSpiffeMtls or SpiffeHttpHandler.Create.";

    private static string MayHaveRefused(X509Svid? ours) =>
        $"It may have rejected {(ours is null ? "our SVID" : $"our SVID '{ours.Id}' (serial number {ours.Leaf.SerialNumber}, valid until {ours.NotAfter:u})")}; the reason is not sent to the client, but is in the server's log " +
        "(of an AspNetSpiffe server: the event PeerRefused of the category AspNetSpiffe.Handshake). Usual reasons: it does not allow this ID, or has no bundle of our trust domain.";

    private static IEnumerable<Exception> CausesOf(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException) yield return failure;
    }
}
