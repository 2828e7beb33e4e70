using System.Security.Authentication;

namespace AspNetSpiffe;

/// <summary>Explains a failed request if the framework's exception lacks the cause.</summary>
internal static class ServerFailure
{
    /// <summary>Returns an exception with the cause; <see langword="null"/> if the framework's exception is sufficient.</summary>
    /// <param name="failure">The framework's exception.</param>
    /// <param name="ours">The SVID that we presented.</param>
    /// <param name="showsSvid">Whether the client presents SVIDs.</param>
    /// <param name="last">The end of the last connection that the server closed before it sent data.</param>
    public static Exception? Explain(HttpRequestException failure, X509Svid? ours, bool showsSvid, UnansweredException? last)
    {
        // Not wrapped in an HttpRequestException, which is treated as transient and retried (Microsoft.Extensions.Http.Resilience).
        if (failure.InnerException is SpiffePeerRejectedException refused) return refused;

        // SocketsHttpHandler loses the cause when an HTTP/2 connection ends before a request is assigned to it.
        var forgotten = failure is { InnerException: null, StatusCode: null, HttpRequestError: HttpRequestError.Unknown } ? last : null;
        if ((CausesOf(failure).OfType<UnansweredException>().FirstOrDefault() ?? forgotten) is { } unanswered)
            return Explained(failure, $"The server '{unanswered.Server}' closed the connection before it sent a response", ours, showsSvid);

        // A handshake that fails because we have no SVID has no inner exception.
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
