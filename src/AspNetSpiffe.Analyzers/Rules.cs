using Microsoft.CodeAnalysis;

namespace AspNetSpiffe.Analyzers;

/// <summary>The rules, each with its page.</summary>
internal static class Rules
{
    public const string MalformedPatternId = "ASPS001";
    public const string MalformedNameId = "ASPS002";
    public const string ReplacedHandlerId = "ASPS003";
    public const string ConflictingHttpsId = "ASPS004";
    public const string AnyServerId = "ASPS005";
    public const string SeveralServersId = "ASPS006";
    public const string ModeWithoutHttpsId = "ASPS007";

    /// <summary>The key of a diagnostic's property: the text that a code fix writes instead.</summary>
    public const string Replacement = nameof(Replacement);

    /// <summary>The key of a diagnostic's property: the method before which a code fix moves the call.</summary>
    public const string MoveBefore = nameof(MoveBefore);

    private const string Category = "AspNetSpiffe";
    private const string Pages = "https://github.com/aspnetspiffe/aspnetspiffe/blob/main/docs/analyzers/";

    public static readonly DiagnosticDescriptor MalformedPattern = new(
        MalformedPatternId, "A SPIFFE ID pattern is malformed", "{0}", Category, DiagnosticSeverity.Warning, true,
        "The text is no SPIFFE ID pattern, so that the library throws a FormatException when it reads it.", Pages + MalformedPatternId + ".md");

    public static readonly DiagnosticDescriptor MalformedName = new(
        MalformedNameId, "A trust domain, path prefix or SPIFFE ID is malformed", "{0}", Category, DiagnosticSeverity.Warning, true,
        "The text is no trust domain, path prefix or SPIFFE ID, so that the library throws an exception when it reads it.", Pages + MalformedNameId + ".md");

    public static readonly DiagnosticDescriptor ReplacedHandler = new(
        ReplacedHandlerId, "A primary handler replaces the one with the SPIFFE identity",
        "The client would call without its SPIFFE identity, and call anybody: {0} replaces the handler that {1} made, so the library refuses to build the client. {2}.",
        Category, DiagnosticSeverity.Warning, true,
        "A call after AddSpiffeMtls or its like sets another primary handler, which the library refuses when the client is built.", Pages + ReplacedHandlerId + ".md");

    public static readonly DiagnosticDescriptor ConflictingHttps = new(
        ConflictingHttpsId, "UseHttps has settings that UseSpiffeMtls refuses",
        "UseSpiffeMtls() serves this workload's SVID on every https endpoint and verifies every client by it, so it cannot honour {0} of this endpoint, and the start fails. " +
        "Remove that; or, to show a web certificate here, call listenOptions.UseSpiffe(SpiffeServerMode.WebCertificate, https => ...) instead of UseHttps; or, to speak SPIFFE " +
        "on some endpoints only, call builder.Services.AddSpiffeServer() instead of UseSpiffeMtls() and listenOptions.UseSpiffe() on those.",
        Category, DiagnosticSeverity.Warning, true,
        "An endpoint in code has settings of https that contradict mutual TLS with SVIDs, which the library refuses at the start.", Pages + ConflictingHttpsId + ".md");

    public static readonly DiagnosticDescriptor AnyServer = new(
        AnyServerId, "A client accepts any server",
        "'spiffe:any' lets every workload that has an SVID, of any trust domain that is known here, answer in the server's place. Name the server, as in 'spiffe://example.org/orders'.",
        Category, DiagnosticSeverity.Warning, true,
        "A client that accepts whoever answers is not protected against other workloads.", Pages + AnyServerId + ".md");

    public static readonly DiagnosticDescriptor SeveralServers = new(
        SeveralServersId, "An HTTP client has several expected servers or modes of TLS", "{0}", Category, DiagnosticSeverity.Warning, true,
        "A client has one mode of TLS and one expected server; the library refuses to build one with several.", Pages + SeveralServersId + ".md");

    public static readonly DiagnosticDescriptor ModeWithoutHttps = new(
        ModeWithoutHttpsId, "UseSpiffe has settings of https that its mode does not take",
        "The mode {0} shows our SVID and has no settings of https, so UseSpiffe throws an ArgumentException. Leave the argument out, or choose WebCertificate.",
        Category, DiagnosticSeverity.Warning, true,
        "Only the mode WebCertificate takes settings of https; with any other the library throws an ArgumentException.", Pages + ModeWithoutHttpsId + ".md");
}
