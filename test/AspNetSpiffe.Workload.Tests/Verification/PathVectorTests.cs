using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>Public vectors of certification paths: C2SP/x509-limbo with SPIFFE IDs. Where our verdict differs, the list beside this file says why.</summary>
public sealed class PathVectorTests
{
    // For vectors that name no time: all are valid then.
    private static readonly DateTimeOffset DefaultTime = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    [VectorsFact, Trait("Spec", "XV-i")]
    public void Of_the_public_suite_only_the_listed_verdicts_differ() => AssertDifferences("limbo-with-spiffe-names.json", 192);

    [VectorsFact, Trait("Spec", "XV-i")]
    public void Of_the_paths_with_alternatives_only_the_listed_verdicts_differ() => AssertDifferences("path-cases.json", 77);

    private static void AssertDifferences(string file, int count)
    {
        JsonElement[] vectors = [.. Parse(file).GetProperty("testcases").EnumerateArray()];
        Assert.Equal(count, vectors.Length);

        var listed = File.ReadAllLines(Repository.PathOf("test", "AspNetSpiffe.Workload.Tests", "Verification", "path-vector-differences.tsv"))
            .Skip(1).Select(line => line.Split('\t')).Where(line => line[0] == file).Select(line => (Id: line[1], Verdict: line[2])).Order();
        var found = vectors.Select(vector => (Id: vector.GetProperty("id").GetString()!, Verdict: Verdict(vector), Expected: vector.GetProperty("expected_result").GetString() == "SUCCESS"))
            .Where(vector => (vector.Verdict == "accepted") != vector.Expected).Select(vector => (vector.Id, vector.Verdict)).Order();
        Assert.Equal(listed, found);
    }

    private static string Verdict(JsonElement vector)
    {
        var leaf = Load(vector.GetProperty("peer_certificate").GetString()!);
        X509Certificate2Collection sent = [.. Certificates(vector.GetProperty("untrusted_intermediates"))];
        var at = vector.GetProperty("validation_time") is { ValueKind: JsonValueKind.String } time ? time.GetDateTimeOffset() : DefaultTime;
        var role = vector.GetProperty("validation_kind").GetString() == "CLIENT" ? PeerRole.Client : PeerRole.Server;
        var trustDomain = SubjectAltNames.TryReadOnlyUri(leaf, out var uri, out _) && SpiffeId.TryParse(uri, out var id) ? id.TrustDomain : TrustDomain.Parse("none");
        try
        {
            var bundle = X509Bundle.Read(trustDomain, TestPki.Der(Certificates(vector.GetProperty("trusted_certs"))), out _);
            var result = InspectionOracle.Verify(leaf, sent, new([bundle]), role, at);
            return result.Accepted ? "accepted" : result.Reason.ToString();
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            return "unreadable bundle";
        }
    }

    private static X509Certificate2[] Certificates(JsonElement all) => [.. all.EnumerateArray().Select(pem => Load(pem.GetString()!))];

    private static X509Certificate2 Load(string pem) => X509Certificate2.CreateFromPem(pem);

    private static JsonElement Parse(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(PublicVectors.PathOf(file)));
        return document.RootElement.Clone();
    }
}
