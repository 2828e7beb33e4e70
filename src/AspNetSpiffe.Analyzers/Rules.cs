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
    public const string ConflictingHubId = "ASPS008";

    /// <summary>The key of a diagnostic's property: the text that a code fix writes instead.</summary>
    public const string Replacement = nameof(Replacement);

    /// <summary>The key of a diagnostic's property: the method before which a code fix moves the call.</summary>
    public const string MoveBefore = nameof(MoveBefore);

    private const string Category = "AspNetSpiffe";
    private const string Pages = "https://github.com/aspnetspiffe/aspnetspiffe/blob/main/docs/analyzers/";

    public static readonly DiagnosticDescriptor MalformedPattern = new(
        MalformedPatternId, "A SPIFFE ID pattern is malformed", "{0}", Category, DiagnosticSeverity.Warning, true,
        "The text is not a SPIFFE ID pattern, so the library throws a FormatException when it reads it.", Pages + MalformedPatternId + ".md");

    public static readonly DiagnosticDescriptor MalformedName = new(
        MalformedNameId, "A trust domain, path prefix or SPIFFE ID is malformed", "{0}", Category, DiagnosticSeverity.Warning, true,
        "The text is not a trust domain, path prefix or SPIFFE ID, so the library throws an exception when it reads it.", Pages + MalformedNameId + ".md");

    public static readonly DiagnosticDescriptor ReplacedHandler = new(
        ReplacedHandlerId, "A primary handler replaces the one with the SPIFFE identity", "{0}", Category, DiagnosticSeverity.Warning, true,
        "A call beside AddSpiffeMtls or a similar method sets another primary handler, which fails when the client is created.", Pages + ReplacedHandlerId + ".md");

    public static readonly DiagnosticDescriptor ConflictingHttps = new(
        ConflictingHttpsId, "UseHttps has settings that UseSpiffeMtls does not support",
        "UseSpiffeMtls() serves this workload's SVID on every https endpoint and verifies every client by it, so it cannot be combined with {0} of this endpoint, and the start fails. " +
        "Remove it; or, to present a Web PKI certificate here, call listenOptions.UseSpiffe(SpiffeServerMode.WebCertificate, https => ...) instead of UseHttps; or, to use SPIFFE " +
        "on some endpoints only, call builder.Services.AddSpiffeServer() instead of UseSpiffeMtls() and listenOptions.UseSpiffe() on those.",
        Category, DiagnosticSeverity.Warning, true,
        "An endpoint in code has https settings that contradict mutual TLS with SVIDs, which fails at start.", Pages + ConflictingHttpsId + ".md");

    public static readonly DiagnosticDescriptor AnyServer = new(
        AnyServerId, "A client accepts any server",
        "'spiffe:any' lets every workload that has an SVID, of any known trust domain, impersonate the server. Set the expected server, as in 'spiffe://example.org/orders'.",
        Category, DiagnosticSeverity.Warning, true,
        "A client that accepts any server is not protected against other workloads.", Pages + AnyServerId + ".md");

    public static readonly DiagnosticDescriptor SeveralServers = new(
        SeveralServersId, "A client has several expected servers or TLS modes", "{0}", Category, DiagnosticSeverity.Warning, true,
        "A client has one TLS mode and one expected server; a client with several cannot be created.", Pages + SeveralServersId + ".md");

    public static readonly DiagnosticDescriptor ModeWithoutHttps = new(
        ModeWithoutHttpsId, "UseSpiffe has https settings that its mode does not support",
        "The mode {0} presents our SVID and supports no https settings, so UseSpiffe throws an ArgumentException. Remove the argument, or choose WebCertificate.",
        Category, DiagnosticSeverity.Warning, true,
        "Only the mode WebCertificate supports https settings; with any other the library throws an ArgumentException.", Pages + ModeWithoutHttpsId + ".md");

    public static readonly DiagnosticDescriptor ConflictingHub = new(
        ConflictingHubId, "WithUrl has settings that AddSpiffeMtls does not support",
        "{0}, so the hub connection cannot be created with a SPIFFE identity, and Build() throws an InvalidOperationException. {1}.",
        Category, DiagnosticSeverity.Warning, true,
        "A hub connection with AddSpiffeMtls has settings that would call without the SPIFFE identity, which fails when it is built.", Pages + ConflictingHubId + ".md");
}
