using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Keys and certificates of a run, in a temporary folder: of the servers, and of as many clients as there are handshakes.</summary>
internal sealed class Material : IDisposable
{
    private readonly TestPki _pki = new("example.org");
    private readonly TestPki _federated = new("federated.example");
    private readonly TestKey _key = TestKey.Create(KeyKind.P256);

    public Material()
    {
        Server = _pki.Leaf("/server");
        Write("server.pem", Server.Leaf.ExportCertificatePem());
        Write("server.key", Server.Leaf.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        Write("server-and-key.pem", File.ReadAllText(FileOf("server.pem")) + "\n" + File.ReadAllText(FileOf("server.key")));
        Write("ca.pem", _pki.Root.Certificate.ExportCertificatePem());
    }

    public DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("benchmark-");

    public TestSvid Server { get; }

    /// <summary>Gets the size of a federated bundle.</summary>
    public int BundleBytes => _federated.BundleDer.Length;

    public string FileOf(string name) => Path.Combine(Folder.FullName, name);

    /// <summary>Issues clients of the servers' trust domain, below its root or below an intermediate, and gives their file.</summary>
    public string IssuePeers(string name, int count, bool intermediate) => Issue(name, count, intermediate ? _pki.Root.Intermediate() : _pki.Root);

    /// <summary>Issues clients whose SVIDs all expire at one moment.</summary>
    public string IssuePeers(string name, int count, DateTimeOffset notAfter) => Issue(name, count, _pki.Root, notAfter);

    /// <summary>Issues clients of a federated trust domain.</summary>
    public string IssueFederatedPeers(string name, int count) => Issue(name, count, _federated.Root);

    /// <summary>Gives what the Workload API gives to the server: its SVID, and the bundles of so many trust domains, its own among them.</summary>
    public TestIdentity Identity(int trustDomains)
    {
        var identity = new TestIdentity(Server, _pki.Root.Certificate);
        if (trustDomains > 1) identity = identity.With(_federated.TrustDomain.Name, _federated.Root.Certificate);
        for (var i = 2; i < trustDomains; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"td{i}.example");
            identity = identity.With(name, new TestPki(name, root: r => r with { WithKey = _key }).Root.Certificate);
        }

        return identity;
    }

    /// <summary>Gives the server's next identity: another SVID, the same bundle.</summary>
    public TestIdentity Renewed() => new(_pki.Leaf("/server"), _pki.Root.Certificate);

    /// <summary>Gives the server's next identity after the CA was replaced: whom the old one signed is not trusted any more.</summary>
    public TestIdentity WithAnotherAuthority()
    {
        var root = _pki.CreateRoot();
        return new(root.Leaf("/server"), root.Certificate);
    }

    public void Dispose() => Folder.Delete(recursive: true);

    // One key for all, which changes nothing for a server; each has a serial number and an ID of its own.
    private string Issue(string name, int count, TestAuthority issuer, DateTimeOffset? notAfter = null)
    {
        using var writer = new BinaryWriter(File.Create(FileOf(name)));
        Bytes(_key.Pkcs8);
        writer.Write(issuer.Intermediates.Length);
        foreach (var certificate in issuer.Intermediates) Bytes(certificate.RawData);

        writer.Write(count);
        for (var i = 0; i < count; i++)
            Bytes(issuer.Leaf(l => l with { Uris = [$"{issuer.TrustDomain.Id}/ns/shop/sa/client-{i}"], WithKey = _key, NotAfter = notAfter ?? l.NotAfter }).Leaf.RawData);
        return FileOf(name);

        void Bytes(byte[] bytes)
        {
            writer.Write(bytes.Length);
            writer.Write(bytes);
        }
    }

    private void Write(string name, string text) => File.WriteAllText(FileOf(name), text);
}
