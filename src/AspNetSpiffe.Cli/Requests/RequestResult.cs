using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using AspNetSpiffe.Cli.Output;

namespace AspNetSpiffe.Cli.Requests;

/// <summary>The result of a request: our SVID, the server's certificates, and whether it is the expected server.</summary>
internal sealed record RequestResult(X509Svid Ours, SpiffeIdPattern Expected, ImmutableArray<X509Certificate2> Presented, VerificationResult? Verdict)
{
    private string? MatchedBy => Verdict is { Accepted: true, Id: { } id } ? PatternPart.Find(Expected, id) : null;

    public void Show(Terminal terminal)
    {
        terminal.Heading("ours", Ours.Id.ToString());
        foreach (var certificate in Ours.Intermediates.Insert(0, Ours.Leaf)) terminal.Field("certificate", Describe(certificate));
        if (Verdict is not { } verdict)
        {
            terminal.Heading("server", "presented no certificate");
            return;
        }

        terminal.Heading("server", verdict.Id?.ToString() ?? "no SPIFFE ID");
        foreach (var certificate in Presented) terminal.Field("certificate", Describe(certificate));
        if (verdict.Peer is { } peer) terminal.Field("authority", Describe(peer.Authority));
        terminal.Field("expected", MatchedBy is { } part ? $"{Expected}, matched by {part}" : Expected.ToString());
        terminal.Field("verdict", verdict.Accepted ? $"verified, until {Times.Describe(verdict.Peer.ValidUntil)}" : $"rejected: {verdict.Reason}");
    }

    public JsonObject ToJson() => new()
    {
        ["ours"] = new JsonObject { ["spiffeId"] = Ours.Id.ToString(), ["certificates"] = PemOf(Ours.Intermediates.Insert(0, Ours.Leaf)) },
        ["server"] = new JsonObject
        {
            ["spiffeId"] = Verdict?.Id?.ToString(),
            ["certificates"] = PemOf(Presented),
            ["authority"] = Verdict?.Peer?.Authority.ExportCertificatePem(),
            ["expected"] = Expected.ToString(),
            ["matchedBy"] = MatchedBy,
            ["verified"] = Verdict?.Accepted ?? false,
            ["reason"] = Verdict is { Accepted: false, Reason: var reason } ? reason.ToString() : null,
        },
    };

    private static string Describe(X509Certificate2 certificate) => $"{certificate.Subject}, {CertificateText.DescribeKey(certificate)}, serial {certificate.SerialNumber}, until {Times.Describe(new(certificate.NotAfter.ToUniversalTime()))}";

    private static JsonArray PemOf(IEnumerable<X509Certificate2> certificates) => new([.. certificates.Select(static certificate => JsonValue.Create(certificate.ExportCertificatePem()))]);
}
