using System.Security.Cryptography.X509Certificates;
using System.Text;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.Fuzz;

/// <summary>All readers of what comes from outside.</summary>
internal sealed class Targets
{
    private static readonly byte[] TextAlphabet = Encoding.UTF8.GetBytes("spiffe:/*.,-_?#%@[]{}\"\\ AZaz09\0\r\né");
    private static readonly SpiffeId[] Ids = [.. new[] { "spiffe://td", "spiffe://td/a", "spiffe://td/a/b", "spiffe://td/ns/shop/sa/cart", "spiffe://td/ns/shop", "spiffe://other/a" }.Select(SpiffeId.Parse)];

    private static readonly WireMessages Wire = new(new() { MaxSvids = 10_000, MaxBundles = 1_000_000 });

    // One for each thread, for their answers must not mix.
    private static readonly ThreadLocal<FrameSender> Agents = new(() => new());

    private readonly TestPki _pki = new("td", intermediates: 1);
    private readonly TestSvid _svid;

    public Targets() => _svid = _pki.Leaf("/a");

    private string Escaped => Uri.EscapeDataString(_svid.Leaf.ExportCertificatePem());

    public IEnumerable<Target> All =>
    [
        new("id", Text("spiffe://td/a/b", "spiffe://example.org/ns/shop/sa/cart", "spiffe://td", "spiffe://1.2.3.4/x..y"), TextAlphabet, ReadId, 64_000, 30),
        new("trust-domain", Text("td", "example.org", "spiffe://td_1"), TextAlphabet, ReadTrustDomain, 64_000, 30),
        new("pattern", Text("spiffe://td/a", "spiffe://td/ns/*/sa/cart", "spiffe://td/**", "spiffe://td/a, spiffe://td/ns/**", "spiffe:any"), TextAlphabet, ReadPattern, 400_000, 4_000),
        new("address", Text("unix:///run/agent.sock", "unix:/a%20b", "tcp://127.0.0.1:8081", "tcp://[::1]:80", "npipe:spire-agent\\public\\api"), TextAlphabet, ReadAddress, 64_000, 60),
        new("token", Text(Token("""{"alg":"ES256","kid":"k","typ":"JWT"}"""), Token("""{"alg":"RS512"}""")), TextAlphabet, ReadToken, 64_000, 60),
        new("jwks", Text("""{"keys":[{"kty":"EC","crv":"P-256","kid":"k","use":"jwt-svid","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}""", """{"keys":[]}"""), TextAlphabet, ReadJwks, 120_000, 400),
        new("bundle", [new SpiffeBundle(_pki.Bundle, new(_pki.TrustDomain, []), 7, TimeSpan.FromMinutes(5)).ToUtf8Json(), .. Text("""{"keys":[{"kty":"EC","use":"x509-svid","x5c":["MIIB"]}],"spiffe_sequence":1}""")], TextAlphabet, ReadBundle, 200_000, 400),
        new("bundle-map", [new SpiffeBundleMap([new(_pki.Bundle, new(_pki.TrustDomain, []))]).ToUtf8Json(), .. Text("""{"trust_domains":{"td":{"keys":[]},"other":{}}}""")], TextAlphabet, ReadBundleMap, 200_000, 400),
        new("pem", Text(SvidFolder.KeyOf(_svid) + SvidFolder.ChainOf(_svid), SvidFolder.ChainOf(_svid)), TextAlphabet, ReadPem, 400_000, 400),
        new("revocation-list", [_pki.Issuer.List(1, null, _svid.Leaf), _pki.Root.List(2)], [], ReadRevocationList, 200_000, 400),
        new("bundle-url", Text("https://host:8443/bundle.json", "https://[::1]/a?b#c", "/elsewhere"), TextAlphabet, ReadBundleUrl, 64_000, 60),
        new("forwarded", Text($"Cert=\"{Escaped}\";URI=spiffe://td/a;Chain=\"{Escaped}\"", $":{Convert.ToBase64String(_svid.Leaf.RawData)}:", Escaped), TextAlphabet, ReadForwarded, 400_000, 400),
        new("frame", [Frame(_pki.ResponseBytes([_svid])), Frame([]), [.. Frame([]), .. Frame([])]], [], ReadFrames, 64_000, 60),
        new("der", [_svid.ChainDer, _pki.BundleDer], [], ReadDer, 60_000, 40),
        new("message", [_pki.ResponseBytes([_svid], new TestPki("other"))], [], ReadMessage, 400_000, 200),
        new("peer", [_svid.Leaf.RawData], [], VerifyPeer, 200_000, 60),
    ];

    private static bool ReadId(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        var accepted = SpiffeId.TryParse(text, out var id);
        if (accepted) Holds(id!.ToString() == text && id.Equals(SpiffeId.Parse(text)), "an ID is what was parsed");
        else Refuses<FormatException>(() => SpiffeId.Parse(text));
        return accepted;
    }

    private static bool ReadTrustDomain(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        var accepted = TrustDomain.TryParse(text, out var trustDomain);
        if (accepted) Holds(SpiffeId.TryParse(trustDomain!.Id.ToString(), out _), "a trust domain has an ID");
        else Refuses<FormatException>(() => TrustDomain.Parse(text));
        return accepted;
    }

    private static bool ReadPattern(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        if (!SpiffeIdPattern.TryParse(text, out var pattern))
        {
            Refuses<FormatException>(() => SpiffeIdPattern.Parse(text));
            return false;
        }

        Holds(SpiffeIdPattern.Parse(pattern.ToString()).Equals(pattern), "a printed pattern is the same pattern");
        foreach (var id in Ids) Holds(pattern.Matches(id) == PatternOracle.Matches(pattern.ToString(), id), $"'{pattern}' and '{id}'");
        return true;
    }

    private static bool ReadAddress(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        var accepted = WorkloadApiAddress.TryParse(text, out _);
        if (!accepted) Refuses<FormatException>(() => WorkloadApiAddress.Parse(text));
        return accepted;
    }

    private static bool ReadToken(byte[] input) => Accepts<FormatException>(() => JwtSvidReader.Read(Encoding.UTF8.GetString(input)));

    private static bool ReadJwks(byte[] input) => Accepts<FormatException>(() => JwtBundle.Read(TrustDomain.Parse("td"), input, acceptMissingUse: true, []));

    private static bool ReadPem(byte[] input)
    {
        var isKey = Accepts<FormatException>(() => KeyPem.ReadPkcs8(input));
        return Accepts<FormatException>(() => DerSequence.ReadCertificates(PemBlocks.ReadCertificates(input))) || isKey;
    }

    private bool ReadRevocationList(byte[] input)
    {
        RevocationList? list = null;
        if (!Accepts<FormatException>(() => list = RevocationList.Parse(input))) return false;
        if (list!.IsSignedBy(_pki.Issuer.Certificate.PublicKey)) Holds(list.Number == 1, "a list that was signed is the one that was signed");
        return true;
    }

    private static bool ReadBundleUrl(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        if (!BundleEndpointUrl.TryRead(text, out var url, out _)) return false;
        Holds(url.Scheme == "https" && url.UserInfo.Length == 0 && url.Host.Length > 0, "an endpoint has https, a host and no user");
        return true;
    }

    private static bool ReadBundle(byte[] input)
    {
        SpiffeBundle? bundle = null;
        if (!Accepts<FormatException>(() => bundle = SpiffeBundle.Parse(TrustDomain.Parse("td"), input))) return false;
        Holds(SpiffeBundle.Parse(bundle!.TrustDomain, bundle.ToUtf8Json()).Equals(bundle), "a written bundle is the same bundle");
        return true;
    }

    private static bool ReadBundleMap(byte[] input)
    {
        SpiffeBundleMap? map = null;
        if (!Accepts<FormatException>(() => map = SpiffeBundleMap.Parse(input))) return false;
        var again = SpiffeBundleMap.Parse(map!.ToUtf8Json());
        Holds(again.Count == map.Count && map.All(bundle => bundle.Equals(again.Find(bundle.TrustDomain))), "a written bundle map is the same bundle map");
        return true;
    }

    // One text for each format: what is good for one is bad for the others.
    private static bool ReadForwarded(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        bool[] taken = [.. Enum.GetValues<ForwardedCertificateFormat>().Select(format => ReadForwarded(text, new() { Format = format }))];
        return taken.Contains(true);
    }

    private static bool ReadForwarded(string text, SpiffeForwardedAuthenticationOptions options)
    {
        var headers = new HeaderDictionary { [ForwardedCertificateHeaders.NamesOf(options)[0]] = text };
        return Accepts<FormatException>(() =>
        {
            foreach (var certificate in ForwardedCertificateHeaders.Read(headers, options)) certificate.Dispose();
        });
    }

    private static bool ReadFrames(byte[] input) => Agents.Value!.Reads(input);

    private bool ReadDer(byte[] input)
    {
        X509Bundle? bundle = null;
        if (!Accepts<FormatException>(() => bundle = X509Bundle.ReadFederated(_pki.TrustDomain, input, out _))) return false;
        Holds(bundle!.Authorities.Length == bundle.Count, "a bundle that was read is decoded later");
        return true;
    }

    private static bool ReadMessage(byte[] input)
    {
        var isMessage = false;
        return Accepts<FormatException>(() =>
        {
            if (Wire.ReadX509Svids(new(input)) is not { } message) return;
            new X509ContextReader(TimeProvider.System, new()).Read(message);
            isMessage = true;
        }) && isMessage;
    }

    // A changed leaf that still loads must never be taken for the one that was signed.
    private bool VerifyPeer(byte[] input)
    {
        X509Certificate2 leaf;
        try
        {
            leaf = X509CertificateLoader.LoadCertificate(input);
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            return false;
        }

        using (leaf)
        {
            var result = X509SvidVerifier.Verify(leaf, [.. _svid.Intermediates], new([_pki.Bundle]), PeerRole.Client, TimeProvider.System.GetUtcNow());
            Holds(!result.Accepted || leaf.RawData.AsSpan().SequenceEqual(_svid.Leaf.RawData), "only the signed leaf is accepted");
            return result.Accepted;
        }
    }

    private static bool Accepts<TException>(Action read) where TException : Exception
    {
        try
        {
            read();
            return true;
        }
        catch (TException)
        {
            return false;
        }
    }

    private static void Refuses<TException>(Action read) where TException : Exception => Holds(!Accepts<TException>(read), "what TryParse refuses, Parse refuses");

    private static void Holds(bool condition, string what)
    {
        if (!condition) throw new InvalidOperationException($"It does not hold that {what}.");
    }

    private static byte[][] Text(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];

    private static byte[] Frame(byte[] message) => [0, 0, 0, (byte)(message.Length >> 8), (byte)message.Length, .. message];

    private static string Token(string header) =>
        $"{Part(header)}.{Part("""{"sub":"spiffe://td/a","aud":["x","y"],"exp":4102444800}""")}.{Part("signature")}";

    private static string Part(string text) => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
