using AspNetSpiffe.TestKit;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.InteropTests;

/// <summary>openssl s_client calls a Kestrel that has UseSpiffeMtls.</summary>
public sealed class OpenSslTests(ITestOutputHelper output) : MtlsServerTest(output)
{
    [Theory]
    [InlineData("-tls1_2", "TLSv1.2")]
    [InlineData("-tls1_3", "TLSv1.3")]
    public async Task It_is_answered_and_sees_leaf_and_intermediate(string option, string protocol)
    {
        var answer = await AskAsync(Client, [option, "-showcerts"]);
        Assert.True(answer.ExitCode == 0, answer.All);
        Assert.Contains($"New, {protocol}, ", answer.Output, StringComparison.Ordinal);
        Assert.Contains("Verify return code: 0 (ok)", answer.Output, StringComparison.Ordinal);
        Assert.Contains($"HTTP/1.1 {ClientId}", answer.Output, StringComparison.Ordinal);

        var sent = new X509Certificate2Collection();
        sent.ImportFromPem(answer.Output.AsSpan(0, answer.Output.IndexOf("\nServer certificate", StringComparison.Ordinal)));
        Assert.Equal([ServerSvid.Leaf, .. ServerSvid.Intermediates], sent);
        Assert.Equal(2, sent.Count);
    }

    // Else the test above would prove nothing.
    [Fact]
    public async Task It_does_not_verify_our_chain_against_another_bundle()
    {
        var answer = await AskAsync(Client, ["-tls1_3"], (await StrangerAsync()).Bundle);
        Assert.NotEqual(0, answer.ExitCode);
        Assert.Contains("unable to get local issuer certificate", answer.Errors, StringComparison.Ordinal);
        AssertNoAnswer(answer);
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task Without_a_certificate_it_is_refused(string option)
    {
        AssertNoAnswer(await AskAsync(null, [option]));
        await AssertRefusedAsync(RejectionReason.NoCertificate, null);
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task With_an_SVID_of_another_trust_domain_it_is_refused(string option)
    {
        AssertNoAnswer(await AskAsync(await StrangerAsync(), [option]));
        await AssertRefusedAsync(RejectionReason.UnknownTrustDomain, "spiffe://elsewhere.test/client");
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task With_a_forged_certificate_it_is_refused(string option)
    {
        AssertNoAnswer(await AskAsync(Forged(), [option]));
        await AssertRefusedAsync(RejectionReason.NotTrusted, ClientId);
    }

    // A resumed session would bring the leaf without its intermediates; see docs/decisions/0002-tls-resumption.md.
    [Fact]
    public async Task With_TLS_1_2_it_is_given_no_session_to_resume()
    {
        var session = Path.Combine(Folder, "session.pem");
        var answer = await AskAsync(Client, ["-tls1_2", "-sess_out", session]);
        Assert.True(answer.ExitCode == 0, answer.All);
        Assert.False(File.Exists(session), answer.All);
    }

    // A server of TLS 1.3 sends tickets all the same; it must not take them back.
    [Fact]
    public async Task With_TLS_1_3_it_cannot_resume_its_session()
    {
        var session = Path.Combine(Folder, "session.pem");
        var first = await AskAsync(Client, ["-tls1_3", "-sess_out", session]);
        Assert.True(first.ExitCode == 0, first.All);

        var second = await AskAsync(Client, ["-tls1_3", "-sess_in", session]);
        Assert.True(second.ExitCode == 0, second.All);
        Assert.Contains("New, TLSv1.3, ", second.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Reused, ", second.Output, StringComparison.Ordinal);
        Assert.Contains($"HTTP/1.1 {ClientId}", second.Output, StringComparison.Ordinal);
    }

    private Task<ProgramResult> AskAsync(PemFiles? identity, string[] options, string? bundle = null)
    {
        List<string> certificate = identity is null ? [] : ["-cert", identity.Chain, "-key", identity.Key];
        if (identity is not null && new FileInfo(identity.Intermediates).Length > 1) certificate.AddRange(["-cert_chain", identity.Intermediates]);

        // Kestrel ends a connection without close_notify.
        string[] arguments =
        [
            "s_client", "-connect", Authority, "-ign_eof", "-ignore_unexpected_eof", "-verify_return_error", "-CAfile", bundle ?? Client.Bundle, "-no-CApath", "-no-CAstore",
            .. certificate, .. options,
        ];
        return OutsideProgram.RunAsync(Tools.OpenSsl, arguments, "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", Patience);
    }

    private static void AssertNoAnswer(ProgramResult result) => Assert.DoesNotContain("HTTP/1.1", result.Output, StringComparison.Ordinal);
}
