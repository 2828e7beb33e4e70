using System.Text.Json;
using AspNetSpiffe.Wire;

namespace AspNetSpiffe.AgentTests;

/// <summary>What the methods answer, and what they push.</summary>
public sealed class WorkloadApiTests : AgentTest
{
    private const int Ok = 0;
    private const int InvalidArgument = 3;
    private const int PermissionDenied = 7;
    private const int Unavailable = 14;

    [Fact, Trait("Spec", "WA-08")]
    public async Task Identities_come_in_the_order_of_registration_with_their_hints()
    {
        var agent = await StartAgentAsync(new DevIdentity("/b") { Hint = "internal" }, new DevIdentity("/a") { Hint = "external" }, new DevIdentity("/c"));
        var svids = (await Connect(agent).FetchX509Async(Patience)).Svids;

        Assert.Equal(["spiffe://example.org/b", "spiffe://example.org/a", "spiffe://example.org/c"], svids.Select(s => s.SpiffeId));
        Assert.Equal(["internal", "external", ""], svids.Select(s => s.Hint));
        Assert.All(svids, s => Assert.Equal([s.SpiffeId], new CertificateText(Ders.Read(s.X509Svid)[0]).Uris));
    }

    [Fact, Trait("Spec", "WA-09")]
    public async Task Two_identities_of_a_workload_cannot_share_a_hint_but_can_have_none()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => StartAgentAsync(new DevIdentity("/a") { Hint = "x" }, new DevIdentity("/b") { Hint = "x" }));

        var agent = await StartAgentAsync(new DevIdentity("/a") { Hint = "x" }, new DevIdentity("/b"), new DevIdentity("/c"));
        Assert.Throws<ArgumentException>(() => agent.Register("web", new DevIdentity("/d") { Hint = "x" }));
        agent.Register("web", new DevIdentity("/a") { Hint = "x" });
        Assert.Equal(3, (await Connect(agent).FetchX509Async(Patience)).Svids.Count);
    }

    [Fact, Trait("Spec", "WA-26")]
    public async Task A_hint_over_1024_bytes_is_refused() =>
        await Assert.ThrowsAsync<ArgumentException>(() => StartAgentAsync(new DevIdentity("/a") { Hint = new string('x', 1025) }));

    [Theory, Trait("Spec", "WA-03")]
    [InlineData("FetchX509SVID")]
    [InlineData("FetchX509Bundles")]
    [InlineData("FetchJWTBundles")]
    public async Task Each_new_stream_gets_its_first_message_without_waiting_for_a_change(string method)
    {
        var client = Connect(await StartAgentAsync(new DevIdentity("/web")));
        for (var i = 0; i < 3; i++)
        {
            using var call = await client.CallAsync(method, new X509SVIDRequest(), Patience);
            Assert.NotNull(await call.ReadAsync(X509SVIDResponse.Parser, Patience));
        }
    }

    [Fact]
    public async Task A_rotation_is_pushed_to_open_streams_with_a_new_key()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        using var call = await Connect(agent).WatchX509Async(Patience);
        var first = (await call.ReadAsync(X509SVIDResponse.Parser, Patience))!.Svids[0];

        agent.Rotate("web");
        var second = (await call.ReadAsync(X509SVIDResponse.Parser, Patience))!.Svids[0];
        agent.Rotate();
        var third = (await call.ReadAsync(X509SVIDResponse.Parser, Patience))!.Svids[0];

        Assert.Equal(3, new[] { first, second, third }.Select(s => Ders.Read(s.X509Svid)[0].SerialNumber).Distinct().Count());
        Assert.Equal(3, new[] { first, second, third }.Select(s => s.X509SvidKey).Distinct().Count());
        Assert.Equal(first.Bundle, third.Bundle);
    }

    [Fact]
    public async Task Each_workload_has_a_socket_and_a_rotation_of_its_own()
    {
        var agent = await StartAgentAsync(new DevAgentOptions { Directory = Folder }.AddWorkload("server", "/server").AddWorkload("client", "/client"));
        var (server, client) = (Connect(agent, "server"), Connect(agent, "client"));
        var before = await server.FetchX509Async(Patience);

        agent.Rotate("client");

        Assert.Equal("spiffe://example.org/server", before.Svids[0].SpiffeId);
        Assert.Equal("spiffe://example.org/client", (await client.FetchX509Async(Patience)).Svids[0].SpiffeId);
        Assert.Equal(before, await server.FetchX509Async(Patience));
    }

    [Fact, Trait("Spec", "WA-25")]
    public async Task Taking_the_last_identity_ends_every_stream_with_permission_denied()
    {
        var agent = await StartAgentAsync(new DevIdentity("/a"), new DevIdentity("/b"));
        var client = Connect(agent);
        using var svids = await client.WatchX509Async(Patience);
        using var bundles = await client.CallAsync("FetchX509Bundles", new X509BundlesRequest(), Patience);
        using var jwtBundles = await client.CallAsync("FetchJWTBundles", new JWTBundlesRequest(), Patience);
        Assert.Equal(2, (await svids.ReadAsync(X509SVIDResponse.Parser, Patience))!.Svids.Count);

        agent.Unregister("web", "/a");
        Assert.Equal(["spiffe://example.org/b"], (await svids.ReadAsync(X509SVIDResponse.Parser, Patience))!.Svids.Select(s => s.SpiffeId));

        agent.Unregister("web");
        foreach (var call in new[] { svids, bundles, jwtBundles })
        {
            Assert.Equal(PermissionDenied, await call.WaitForStatusAsync(Patience));
            Assert.Equal("no identity issued", call.StatusMessage);
        }
    }

    [Theory, Trait("Spec", "WA-25")]
    [InlineData("FetchX509SVID")]
    [InlineData("FetchX509Bundles")]
    [InlineData("FetchJWTBundles")]
    [InlineData("FetchJWTSVID")]
    public async Task A_workload_without_an_identity_is_denied_until_it_gets_one(string method)
    {
        var agent = await StartAgentAsync();
        var client = Connect(agent);
        using (var refused = await client.CallAsync(method, new JWTSVIDRequest { Audience = { "a" } }, Patience))
            Assert.Equal(PermissionDenied, await refused.WaitForStatusAsync(Patience));

        agent.Register("web", new DevIdentity("/late"));
        using var served = await client.CallAsync(method, new JWTSVIDRequest { Audience = { "a" } }, Patience);
        Assert.NotNull(await served.ReadAsync(X509SVIDResponse.Parser, Patience));
    }

    [Fact, Trait("Spec", "WA-17")]
    public async Task Bundles_hold_our_own_trust_domain_and_each_federated_one()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        using var other = new DevCertificateAuthority(TrustDomain.Parse("other.org"));
        using var bundles = await Connect(agent).CallAsync("FetchX509Bundles", new X509BundlesRequest(), Patience);
        using var svids = await Connect(agent).WatchX509Async(Patience);
        Assert.Equal(["spiffe://example.org"], (await bundles.ReadAsync(X509BundlesResponse.Parser, Patience))!.Bundles.Keys);
        Assert.Empty((await svids.ReadAsync(X509SVIDResponse.Parser, Patience))!.FederatedBundles);

        agent.AddFederatedBundle(other);
        var both = (await bundles.ReadAsync(X509BundlesResponse.Parser, Patience))!.Bundles;
        Assert.Equal(["spiffe://example.org", "spiffe://other.org"], both.Keys.Order());
        Assert.Equal(other.Root.RawData, Assert.Single(Ders.Read(both["spiffe://other.org"])).RawData);
        Assert.Equal(["spiffe://other.org"], (await svids.ReadAsync(X509SVIDResponse.Parser, Patience))!.FederatedBundles.Keys);

        Assert.True(agent.RemoveFederatedBundle(other.TrustDomain));
        Assert.False(agent.RemoveFederatedBundle(other.TrustDomain));
        Assert.Equal(["spiffe://example.org"], (await bundles.ReadAsync(X509BundlesResponse.Parser, Patience))!.Bundles.Keys);
        Assert.Empty((await svids.ReadAsync(X509SVIDResponse.Parser, Patience))!.FederatedBundles);
    }

    [Fact, Trait("Spec", "WA-14")]
    public async Task Our_own_trust_domain_cannot_be_federated()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        using var twin = new DevCertificateAuthority(agent.TrustDomain);
        Assert.Throws<ArgumentException>(() => agent.AddFederatedBundle(twin));
    }

    [Fact, Trait("Spec", "FD-16")]
    public async Task A_new_authority_is_known_before_it_signs_and_an_old_one_after_it_did()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        using var call = await Connect(agent).WatchX509Async(Patience);
        var old = Rotation.Of((await call.ReadAsync(X509SVIDResponse.Parser, Patience))!);

        agent.PrepareAuthority();
        var prepared = Rotation.Of((await call.ReadAsync(X509SVIDResponse.Parser, Patience))!);
        Assert.Equal(old.Leaf, prepared.Leaf);
        Assert.Equal(2, prepared.Roots.Length);
        Assert.Contains(old.Roots[0], prepared.Roots);

        // Who comes from now on is told of the new one; what has been issued stays until its time or until the old one is tainted.
        agent.ActivateAuthority();
        agent.TaintAuthority();
        var active = Rotation.Of((await call.ReadAsync(X509SVIDResponse.Parser, Patience))!);
        Assert.NotEqual(old.Issuer, active.Issuer);
        Assert.Equal(prepared.Roots.Order(), active.Roots.Order());

        agent.RevokeAuthority();
        var revoked = Rotation.Of((await call.ReadAsync(X509SVIDResponse.Parser, Patience))!);
        Assert.Equal(active.Leaf, revoked.Leaf);
        Assert.Equal(prepared.Roots.Except(old.Roots), revoked.Roots);
        Assert.Equal(agent.X509Authorities.Select(a => a.Thumbprint), revoked.Roots);
    }

    [Fact]
    public async Task What_the_old_authority_has_signed_is_renewed_by_its_schedule_until_it_is_tainted()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        var old = Rotation.Of(await Connect(agent).FetchX509Async(Patience));
        agent.PrepareAuthority();
        agent.ActivateAuthority();
        Assert.Equal(old.Leaf, Rotation.Of(await Connect(agent).FetchX509Async(Patience)).Leaf);

        agent.Rotate();
        Assert.NotEqual(old.Issuer, Rotation.Of(await Connect(agent).FetchX509Async(Patience)).Issuer);
    }

    [Fact]
    public async Task The_steps_of_an_authority_rotation_have_one_order()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        Assert.Throws<InvalidOperationException>(agent.ActivateAuthority);
        Assert.Throws<InvalidOperationException>(agent.TaintAuthority);
        Assert.Throws<InvalidOperationException>(agent.RevokeAuthority);
        agent.PrepareAuthority();
        Assert.Throws<InvalidOperationException>(agent.PrepareAuthority);
        agent.ActivateAuthority();
        agent.PrepareAuthority();
        Assert.Throws<InvalidOperationException>(agent.ActivateAuthority);
        Assert.Throws<InvalidOperationException>(agent.RevokeAuthority);
        agent.TaintAuthority();
        agent.RevokeAuthority();
        Assert.Throws<InvalidOperationException>(agent.TaintAuthority);
        agent.ActivateAuthority();
    }

    [Fact, Trait("Spec", "WA-21"), Trait("Spec", "TB-12")]
    public async Task JWT_bundles_hold_JWT_keys_only_each_with_a_name()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        using var other = new DevCertificateAuthority(TrustDomain.Parse("other.org"));
        agent.AddFederatedBundle(other);
        agent.PrepareAuthority();
        using var call = await Connect(agent).CallAsync("FetchJWTBundles", new JWTBundlesRequest(), Patience);
        var bundles = (await call.ReadAsync(JWTBundlesResponse.Parser, Patience))!.Bundles;

        Assert.Equal(["spiffe://example.org", "spiffe://other.org"], bundles.Keys.Order());
        using var own = JsonDocument.Parse(bundles["spiffe://example.org"].ToStringUtf8());
        var keys = own.RootElement.GetProperty("keys").EnumerateArray().ToArray();
        Assert.Equal(2, keys.Length);
        Assert.All(keys, k => Assert.Equal("EC", k.GetProperty("kty").GetString()));
        Assert.All(keys, k => Assert.Equal("jwt-svid", k.GetProperty("use").GetString()));
        Assert.All(keys, k => Assert.False(k.TryGetProperty("d", out _)));
        Assert.Equal(2, keys.Select(k => k.GetProperty("kid").GetString()).Distinct().Count());
    }

    [Fact]
    public async Task A_stream_ends_with_unavailable_when_the_agent_stops()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        using var call = await Connect(agent).WatchX509Async(Patience);
        await call.ReadAsync(X509SVIDResponse.Parser, Patience);

        await agent.StopAsync();

        Assert.Equal(Unavailable, await call.WaitForStatusAsync(Patience));
        Assert.Throws<ObjectDisposedException>(agent.Rotate);
    }

    [Fact, Trait("Spec", "WA-18")]
    public async Task A_JWT_is_issued_for_each_identity_or_for_the_one_that_is_named()
    {
        var client = Connect(await StartAgentAsync(new DevIdentity("/a") { Hint = "x" }, new DevIdentity("/b")));

        var (status, all) = await client.FetchJwtAsync("", ["backend"], Patience);
        Assert.Equal(Ok, status);
        Assert.Equal([("spiffe://example.org/a", "x"), ("spiffe://example.org/b", "")], all!.Svids.Select(s => (s.SpiffeId, s.Hint)));

        var (_, one) = await client.FetchJwtAsync("spiffe://example.org/b", ["backend"], Patience);
        Assert.Equal("spiffe://example.org/b", Assert.Single(one!.Svids).SpiffeId);
    }

    [Fact, Trait("Spec", "WA-18"), Trait("Spec", "WA-24")]
    public async Task A_JWT_without_an_audience_or_for_somebody_else_is_refused()
    {
        var client = Connect(await StartAgentAsync(new DevIdentity("/a")));
        Assert.Equal(InvalidArgument, (await client.FetchJwtAsync("", [], Patience)).Status);
        Assert.Equal(InvalidArgument, (await client.FetchJwtAsync("", ["backend", ""], Patience)).Status);
        Assert.Equal(InvalidArgument, (await client.FetchJwtAsync("http://example.org/a", ["backend"], Patience)).Status);
        Assert.Equal(PermissionDenied, (await client.FetchJwtAsync("spiffe://example.org/b", ["backend"], Patience)).Status);
    }

    private sealed record Rotation(string Leaf, string Issuer, string[] Roots)
    {
        public static Rotation Of(X509SVIDResponse message)
        {
            var certificates = Ders.Read(message.Svids[0].X509Svid);
            return new(certificates[0].Thumbprint, certificates[1].Thumbprint, [.. Ders.Read(message.Svids[0].Bundle).Select(c => c.Thumbprint)]);
        }
    }
}
