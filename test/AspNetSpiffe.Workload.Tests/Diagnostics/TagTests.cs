using AspNetSpiffe.TestKit;
using AspNetSpiffe.Workload.Tests.Tls;

namespace AspNetSpiffe.Workload.Tests.Diagnostics;

/// <summary>However many strangers come, a metric has few series.</summary>
public sealed class TagTests(ITestOutputHelper output) : RefusalTest(output)
{
    [Fact]
    public void A_hundred_strangers_of_a_hundred_trust_domains_make_one_series()
    {
        for (var i = 0; i < 100; i++) Verify(new TestPki($"stranger-{i}").Leaf($"/workload-{i}"));
        Assert.Equal(100, Counted.Count);
        Assert.Equal("client unknown unknown_trust_domain", Assert.Single(Counted.Select(m => $"{m.Tags["spiffe.peer.role"]} {m.Tags["spiffe.peer.trust_domain"]} {m.Tags["error.type"]}").Distinct()));
    }

    [Theory]
    [InlineData(RejectionReason.NotOneUriSan, "not_one_uri_san")]
    [InlineData(RejectionReason.UnknownTrustDomain, "unknown_trust_domain")]
    [InlineData(JwtRejectionReason.NoAnswer, "no_answer")]
    [InlineData(PeerRole.Server, "server")]
    [InlineData(WorkloadApiFailure.NoSuchSocket, "no_such_socket")]
    public void A_reason_has_its_name_in_snake_case(Enum reason, string name) => Assert.Equal(name, Tag.NameOf(reason));
}
