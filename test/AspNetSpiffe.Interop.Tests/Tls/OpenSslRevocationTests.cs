using AspNetSpiffe.TestKit;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.InteropTests;

/// <summary>A CA of openssl: its certificates in files are our identity, and its lists say whom it has revoked.</summary>
public sealed class OpenSslRevocationTests(ITestOutputHelper output) : InteropTest(output)
{
    [Theory]
    [InlineData("PEM")]
    [InlineData("DER")]
    public async Task A_certificate_that_openssl_revokes_is_refused_when_its_next_list_has_come(string form)
    {
        await MakeAuthorityAsync();
        await IssueAsync("workload");
        await IssueAsync("peer");
        await PublishAsync(form);
        var source = Stopping(await X509Source.StartAsync(
            new()
            {
                Files = { Certificate = PathOf("workload.pem"), Key = PathOf("workload.key"), Bundle = PathOf("ca.pem") },
                Revocation = { Lists = { ["example.org"] = [PathOf("list.crl")] } },
            },
            Loggers,
            Patience));
        await WaitForAsync("RevocationListTaken", Patience);
        using var peer = X509CertificateLoader.LoadCertificateFromFile(PathOf("peer.pem"));
        Assert.Equal(RejectionReason.None, source.Verify(peer, [], PeerRole.Client).Reason);

        await OpenSslAsync("ca", "-config", PathOf("ca.cnf"), "-revoke", PathOf("peer.pem"), "-crl_reason", "keyCompromise");
        await PublishAsync(form);
        Assert.Contains("number 2, 1 revoked", (await WaitForAsync("RevocationListTaken", Patience, times: 2)).Message, StringComparison.Ordinal);
        Assert.Equal(RejectionReason.Revoked, source.Verify(peer, [], PeerRole.Client).Reason);
    }

    private async Task MakeAuthorityAsync()
    {
        await File.WriteAllTextAsync(PathOf("ca.cnf"), $"""
            [ca]
            default_ca = spiffe
            [spiffe]
            database = {PathOf("index.txt")}
            serial = {PathOf("serial")}
            crlnumber = {PathOf("crlnumber")}
            new_certs_dir = {Folder}
            certificate = {PathOf("ca.pem")}
            private_key = {PathOf("ca.key")}
            default_md = sha256
            default_days = 1
            default_crl_days = 1
            policy = any
            unique_subject = no
            crl_extensions = list
            [any]
            commonName = optional
            [list]
            authorityKeyIdentifier = keyid:always
            [req]
            distinguished_name = name
            [name]
            [authority]
            basicConstraints = critical, CA:true
            keyUsage = critical, keyCertSign, cRLSign
            subjectKeyIdentifier = hash
            subjectAltName = URI:spiffe://example.org
            """, Patience);
        await File.WriteAllTextAsync(PathOf("index.txt"), "", Patience);
        await File.WriteAllTextAsync(PathOf("serial"), "8001\n", Patience);
        await File.WriteAllTextAsync(PathOf("crlnumber"), "01\n", Patience);
        await OpenSslAsync(
            "req", "-x509", "-config", PathOf("ca.cnf"), "-extensions", "authority", "-subj", "/CN=openssl", "-days", "1", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", PathOf("ca.key"), "-out", PathOf("ca.pem"));
    }

    private async Task IssueAsync(string name)
    {
        await File.WriteAllTextAsync(PathOf($"{name}.cnf"), $"basicConstraints = critical, CA:false\nkeyUsage = critical, digitalSignature\nsubjectAltName = URI:spiffe://example.org/{name}\n", Patience);
        await OpenSslAsync(
            "req", "-new", "-config", PathOf("ca.cnf"), "-subj", $"/CN={name}", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", PathOf($"{name}.key"), "-out", PathOf($"{name}.csr"));
        await OpenSslAsync("ca", "-config", PathOf("ca.cnf"), "-batch", "-notext", "-extfile", PathOf($"{name}.cnf"), "-in", PathOf($"{name}.csr"), "-out", PathOf($"{name}.pem"));
    }

    private async Task PublishAsync(string form)
    {
        await OpenSslAsync("ca", "-config", PathOf("ca.cnf"), "-gencrl", "-out", PathOf("next.pem"));
        await OpenSslAsync("crl", "-in", PathOf("next.pem"), "-outform", form, "-out", PathOf("next.crl"));
        File.Move(PathOf("next.crl"), PathOf("list.crl"), overwrite: true);
    }

    private async Task OpenSslAsync(params string[] arguments)
    {
        var result = await OutsideProgram.RunAsync(Tools.OpenSsl, arguments, "", Patience);
        Assert.True(result.ExitCode == 0, result.All);
    }

    private string PathOf(string name) => Path.Combine(Folder, name);
}
