using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>curl calls a Kestrel that has UseSpiffeMtls.</summary>
public sealed class CurlTests(ITestOutputHelper output) : MtlsServerTest(output)
{
    [Theory]
    [InlineData("--http1.1", "HTTP/1.1")]
    [InlineData("--http2", "HTTP/2")]
    public async Task Curl_with_an_SVID_is_answered(string option, string protocol)
    {
        var answer = await CurlAsync(Client, option);
        Assert.True(answer.ExitCode == 0, answer.All);
        Assert.Equal($"{protocol} {ClientId}", answer.Output);
    }

    [Theory]
    [InlineData("--http1.1")]
    [InlineData("--http2")]
    public async Task Curl_without_a_certificate_is_refused(string option)
    {
        AssertNoAnswer(await CurlAsync(null, option));
        await AssertRefusedAsync(RejectionReason.NoCertificate, null);
    }

    [Theory]
    [InlineData("--http1.1")]
    [InlineData("--http2")]
    public async Task Curl_with_an_SVID_of_another_trust_domain_is_refused(string option)
    {
        AssertNoAnswer(await CurlAsync(await StrangerAsync(), option));
        await AssertRefusedAsync(RejectionReason.UnknownTrustDomain, "spiffe://elsewhere.test/client");
    }

    [Theory]
    [InlineData("--http1.1")]
    [InlineData("--http2")]
    public async Task Curl_with_a_forged_certificate_is_refused(string option)
    {
        AssertNoAnswer(await CurlAsync(Forged(), option));
        await AssertRefusedAsync(RejectionReason.NotTrusted, ClientId);
    }

    // Not the name but the chain identifies a SPIFFE server, so curl cannot check it; openssl s_client does in OpenSslTests.
    private Task<ProgramResult> CurlAsync(PemFiles? identity, string option)
    {
        string[] certificate = identity is null ? [] : ["--cert", identity.Chain, "--key", identity.Key];
        return OutsideProgram.RunAsync(Tools.Curl, ["--silent", "--show-error", "--insecure", option, .. certificate, $"https://{Authority}/hello"], "", Patience);
    }

    private static void AssertNoAnswer(ProgramResult result)
    {
        Assert.True(result.ExitCode != 0, result.All);
        Assert.Equal("", result.Output);
    }
}
