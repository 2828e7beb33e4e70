using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;

namespace AspNetSpiffe.InteropTests;

/// <summary>XS-1 to XS-5 and WA-3 of the suite's catalogue: what the library shows, and which CAs it trusts, follow the agent's last message.</summary>
public sealed class SvidTests(ServedHarness served) : IClassFixture<ServedHarness>
{
    public static TheoryData<PeerRole> Roles => PeerTests.Roles;

    [Theory, MemberData(nameof(Roles))]
    public async Task XS1_It_shows_the_SVID_that_the_agent_sent(PeerRole role) =>
        Assert.Equal((await served.ServeAsync(svid => served.Pki.Response(svid))).Leaf.RawData, (await PresentedAsync(role))[0]);

    [Theory, MemberData(nameof(Roles))]
    public async Task XS2_It_shows_its_leaf_and_then_its_intermediates(PeerRole role)
    {
        var issuer = served.Pki.Root.Intermediate().Intermediate();
        var svid = issuer.Leaf($"/below-{role}");
        served.Agent.Send(served.Pki.Response(svid));
        await served.Harness.WaitForIdentityAsync(svid.Id, ServedHarness.Patience);

        Assert.Equal([svid.Leaf.RawData, .. issuer.Intermediates.Select(i => i.RawData)], await PresentedAsync(role));
    }

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "WA-04")]
    public async Task XS3_A_new_connection_shows_the_new_SVID(PeerRole role)
    {
        var first = await served.ServeAsync(svid => served.Pki.Response(svid));
        Assert.Equal(first.Leaf.RawData, (await PresentedAsync(role))[0]);
        var second = await served.ServeAsync(svid => served.Pki.Response(svid));
        Assert.Equal(second.Leaf.RawData, (await PresentedAsync(role))[0]);
    }

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XV-i")]
    public async Task XS4_Every_CA_of_a_bundle_is_trusted(PeerRole role)
    {
        var second = served.Pki.CreateRoot();
        await served.ServeAsync(svid => Response(svid, served.Pki.Root, second));
        await served.AssertAcceptedAsync(role, served.Pki.Leaf("/first"));
        await served.AssertAcceptedAsync(role, second.Leaf("/second"));
    }

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "XV-p"), Trait("Spec", "WA-04")]
    public async Task XS5_A_CA_that_has_left_the_bundle_is_trusted_no_more(PeerRole role)
    {
        var second = served.Pki.CreateRoot();
        var peer = second.Leaf("/second");
        await served.ServeAsync(svid => Response(svid, served.Pki.Root, second));
        await served.AssertAcceptedAsync(role, peer);

        await served.ServeAsync(svid => Response(svid, served.Pki.Root));
        await served.AssertRefusedAsync(role, RejectionReason.NotTrusted, peer);
    }

    [Theory, MemberData(nameof(Roles)), Trait("Spec", "WA-08")]
    public async Task WA3_The_first_SVID_is_the_default(PeerRole role)
    {
        var other = served.Pki.Leaf($"/other-{role}");
        var first = await served.ServeAsync(svid => served.Pki.Response([svid, other]));
        Assert.Equal(first.Leaf.RawData, (await PresentedAsync(role))[0]);

        served.Agent.Send(served.Pki.Response([other, first]));
        await served.Harness.WaitForIdentityAsync(other.Id, ServedHarness.Patience);
        Assert.Equal(other.Leaf.RawData, (await PresentedAsync(role))[0]);
    }

    private async Task<byte[][]> PresentedAsync(PeerRole role) =>
        [.. (await served.MeetAsync(role, served.Pki.Leaf("/peer"))).Presented.Select(certificate => certificate.RawData)];

    private static X509SVIDResponse Response(TestSvid svid, params TestAuthority[] authorities) => new() { Svids = { svid.ToWire(authorities.Select(a => a.Certificate)) } };
}
