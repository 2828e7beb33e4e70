using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Grpc.Core;
using Mesh;

namespace AspNetSpiffe.MeshTests;

/// <summary>Whose SVID the authority signs, and for whom it signs none.</summary>
public sealed class SigningTests(ITestOutputHelper output) : AuthorityTest(output)
{
    [Fact]
    public async Task A_workload_has_the_ID_that_it_was_enrolled_with_and_a_new_key_at_each_renewal()
    {
        var source = await StartWorkloadAsync("service-a");
        var first = source.Current!.DefaultSvid;
        await ChangedAsync(source);
        var second = source.Current!.DefaultSvid;

        Assert.Equal(["spiffe://example.org/service-a", "spiffe://example.org/service-a"], [first.Id.ToString(), second.Id.ToString()]);
        Assert.NotEqual(first.Leaf.SerialNumber, second.Leaf.SerialNumber);
        Assert.NotEqual(first.Leaf.GetPublicKey(), second.Leaf.GetPublicKey());
        Assert.Single(second.Intermediates);
    }

    [Fact]
    public async Task What_a_certificate_request_asks_for_does_not_count()
    {
        using var key = NewKey();
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new("spiffe://example.org/admin"));
        names.AddDnsName("admin.example.org");
        var asked = new CertificateRequest("CN=admin", key, HashAlgorithmName.SHA256);
        asked.CertificateExtensions.Add(names.Build());
        asked.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));

        var signed = await SignAsync(await EnrollAsync("service-a"), key, asked.CreateSigningRequest());

        using var leaf = X509CertificateLoader.LoadCertificate(signed.Certificates[0].Span);
        Assert.Equal("spiffe://example.org/service-a", X509SvidVerifier.Verify(leaf, [Load(signed.Certificates[1])], new([new(TrustDomain, [Load(signed.Authorities[0])])]), PeerRole.Client, DateTimeOffset.UtcNow).Peer?.Id.ToString());
        Assert.DoesNotContain("admin", leaf.Subject, StringComparison.Ordinal);
        Assert.DoesNotContain("admin", leaf.Extensions["2.5.29.17"]!.Format(multiLine: false), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nobody's platform", "its endorsement key is not enrolled")]
    [InlineData("another's signature", "its signature is wrong")]
    [InlineData("no nonce of ours", "its nonce is not one of ours, or too old")]
    [InlineData("another key", "it is about another key than the request")]
    [InlineData("another program", "the program is not the one that is enrolled as spiffe://example.org/service-a")]
    [InlineData("no statement", "it cannot be read")]
    [InlineData("no report", "it cannot be read")]
    public async Task A_report_that_does_not_hold_is_rejected_and_only_the_log_says_why(string fault, string reason)
    {
        ExpectWarning("ReportRejected");
        using var key = NewKey();
        using var other = NewKey();
        using var enrolled = await EnrollAsync("service-a");
        using var stranger = OpenStranger("stranger", Program);
        using var changed = Platform.Open(new WorkloadFolder(FolderOf("service-a")).EndorsementKey, typeof(object).Assembly.Location);
        var authority = await CallAsync();
        var nonce = (await authority.ChallengeAsync(new(), cancellationToken: Patience)).Nonce;
        var report = fault switch
        {
            "nobody's platform" => stranger.Report(key.ExportSubjectPublicKeyInfo(), nonce),
            "another's signature" => new() { Statement = enrolled.Report(key.ExportSubjectPublicKeyInfo(), nonce).Statement, Signature = stranger.Report(key.ExportSubjectPublicKeyInfo(), nonce).Signature },
            "no nonce of ours" => enrolled.Report(key.ExportSubjectPublicKeyInfo(), ByteString.CopyFrom(new byte[nonce.Length])),
            "another key" => enrolled.Report(other.ExportSubjectPublicKeyInfo(), nonce),
            "another program" => changed.Report(key.ExportSubjectPublicKeyInfo(), nonce),
            "no statement" => new EndorsementReport { Statement = ByteString.CopyFromUtf8("not a message") },
            _ => null,
        };

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await authority.SignAsync(new() { CertificateRequest = RequestOf(key), Report = report }, cancellationToken: Patience));

        Assert.Equal((StatusCode.PermissionDenied, "The report was rejected."), (refused.StatusCode, refused.Status.Detail));
        Assert.EndsWith(reason, (await WaitForAsync("ReportRejected", Patience)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_request_without_its_key_is_refused()
    {
        using var key = NewKey();
        using var platform = await EnrollAsync("service-a");
        var stolen = RequestOf(key).ToByteArray();
        stolen[^1] ^= 1;
        foreach (var request in new[] { stolen, [.. RequestOf(key).Span, 0], [], [0x30, 0x80] })
            Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => SignAsync(platform, key, request))).StatusCode);
    }

    [Fact]
    public async Task A_weak_key_is_refused()
    {
        using var weak = RSA.Create(1024);
        using var platform = await EnrollAsync("service-a");
        var authority = await CallAsync();
        var nonce = (await authority.ChallengeAsync(new(), cancellationToken: Patience)).Nonce;
        var request = new CertificateRequest("", weak, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequest();
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await authority.SignAsync(
            new() { CertificateRequest = ByteString.CopyFrom(request), Report = platform.Report(weak.ExportSubjectPublicKeyInfo(), nonce) }, cancellationToken: Patience));
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Contains("WeakKey", refused.Status.Detail, StringComparison.Ordinal);
    }

    private async Task<Platform> EnrollAsync(string name)
    {
        await Operator.EnrollAsync($"/{name}", FolderOf(name), Program, Patience);
        return Platform.Open(new WorkloadFolder(FolderOf(name)).EndorsementKey, Program);
    }

    private Platform OpenStranger(string name, string program)
    {
        Platform.CreateKey(FolderOf(name));
        return Platform.Open(FolderOf(name), program);
    }

    private async Task<SignReply> SignAsync(Platform platform, ECDsa key, byte[] request)
    {
        var authority = await CallAsync();
        var nonce = (await authority.ChallengeAsync(new(), cancellationToken: Patience)).Nonce;
        return await authority.SignAsync(new() { CertificateRequest = ByteString.CopyFrom(request), Report = platform.Report(key.ExportSubjectPublicKeyInfo(), nonce) }, cancellationToken: Patience);
    }

    private async Task ChangedAsync(X509Source source) => await TestKit.ChangeTokens.ChangedAsync(source.GetChangeToken(), Patience);

    private static ByteString RequestOf(ECDsa key) => ByteString.CopyFrom(new CertificateRequest("", key, HashAlgorithmName.SHA256).CreateSigningRequest());

    private static X509Certificate2 Load(ByteString der) => X509CertificateLoader.LoadCertificate(der.Span);
}
