using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>What a message may hold: as many as the limit are read, one more refuses the message before any is read.</summary>
[Trait("Spec", "WA-28")]
public sealed class MessageLimitTests
{
    private readonly TestPki _pki = new("td");
    private readonly SpiffeLimits _limits = new() { MaxSvids = 2, MaxBundles = 3 };

    [Fact]
    public void X509_SVIDs_have_a_limit()
    {
        Assert.Equal(2, Reader().Read(_pki.Response([_pki.Leaf(), _pki.Leaf()])).Svids.Length);
        AssertRefused("has 3 SVIDs; the limit (MaxSvids) is 2.", () => Reader().Read(_pki.Response([_pki.Leaf(), _pki.Leaf(), _pki.Leaf()])));
    }

    [Fact]
    public void Federated_bundles_have_a_limit()
    {
        Assert.Equal(4, Reader().Read(_pki.Response(_pki.Leaf(), Others(3))).Bundles.Count);
        AssertRefused("has 4 federated bundles; the limit (MaxBundles) is 3.", () => Reader().Read(_pki.Response(_pki.Leaf(), Others(4))));
    }

    [Fact]
    public void X509_bundles_have_a_limit()
    {
        Assert.Equal(3, Reader().ReadBundles(_pki.BundlesResponse(Others(2))).Count);
        AssertRefused("has 4 bundles; the limit (MaxBundles) is 3.", () => Reader().ReadBundles(_pki.BundlesResponse(Others(3))));
    }

    [Fact]
    public void JWT_SVIDs_have_a_limit()
    {
        var response = new JWTSVIDResponse();
        for (var i = 0; i < 3; i++) response.Svids.Add(new JWTSVID { SpiffeId = "spiffe://td/a", Svid = "no token" });
        AssertRefused("has 3 JWT-SVIDs; the limit (MaxSvids) is 2.", () => new JwtResponseReader(_limits).ReadSvids(response, ["a"], null));

        response.Svids.RemoveAt(0);
        Assert.DoesNotContain("limit", Assert.Throws<FormatException>(() => new JwtResponseReader(_limits).ReadSvids(response, ["a"], null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void JWT_bundles_have_a_limit()
    {
        var response = new JWTBundlesResponse();
        for (var i = 0; i < 3; i++) response.Bundles.Add($"spiffe://td{i}", ByteString.CopyFromUtf8("""{"keys":[]}"""));
        Assert.Equal(3, new JwtResponseReader(_limits).ReadBundles(response).Count);

        response.Bundles.Add("spiffe://td3", ByteString.CopyFromUtf8("""{"keys":[]}"""));
        AssertRefused("has 4 bundles; the limit (MaxBundles) is 3.", () => new JwtResponseReader(_limits).ReadBundles(response));
    }

    [Fact]
    public void A_client_refuses_a_limit_that_is_out_of_its_range() => Assert.StartsWith(
        "MaxSvids must be from 1 to 10000, but is 0.",
        Assert.Throws<ArgumentException>(() => new WorkloadApiClient(WorkloadApiAddress.Parse("unix:///a"), new() { MaxSvids = 0 })).Message,
        StringComparison.Ordinal);

    private X509ContextReader Reader() => new(TimeProvider.System, _limits);

    private static TestPki[] Others(int count) => [.. Enumerable.Range(0, count).Select(i => new TestPki($"other-{i}"))];

    private static void AssertRefused(string words, Func<object> read) => Assert.Contains(words, Assert.Throws<FormatException>(read).Message, StringComparison.Ordinal);
}
