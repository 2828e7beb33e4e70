using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Grpc.Core;

namespace AspNetSpiffe.AgentTests;

/// <summary>The client's JWT methods against the development agent, over its socket: each side holds the other to the standard.</summary>
public sealed class JwtClientTests : AgentTest
{
    private static readonly TrustDomain Td = TrustDomain.Parse("example.org");

    private readonly List<WorkloadApiClient> _clients = [];

    [Fact, Trait("Spec", "WA-18")]
    public async Task A_token_is_fetched_for_the_audiences_and_the_identity_that_were_asked_for()
    {
        var client = Open(await StartAgentAsync(new("/web"), new DevIdentity("/admin")));
        Assert.Equal(["/web", "/admin"], (await client.FetchJwtSvidsAsync("a", cancellationToken: Patience)).Select(svid => svid.Id.Path));

        var svid = Assert.Single(await client.FetchJwtSvidsAsync(["a", "b"], SpiffeId.Parse("spiffe://example.org/admin"), Patience));
        Assert.Equal("spiffe://example.org/admin", svid.Id.ToString());
        Assert.Equal("a b", string.Join(' ', svid.Audiences));
    }

    [Fact, Trait("Spec", "WA-18")]
    public async Task An_identity_that_is_not_ours_is_denied()
    {
        var client = Open(await StartAgentAsync(new DevIdentity("/web")));
        var e = await Assert.ThrowsAsync<WorkloadApiException>(() => client.FetchJwtSvidsAsync("a", SpiffeId.Parse("spiffe://example.org/admin"), Patience));
        Assert.Equal(StatusCode.PermissionDenied, e.StatusCode);
    }

    [Fact, Trait("Spec", "WA-22")]
    public async Task A_fetched_token_is_validated()
    {
        var client = Open(await StartAgentAsync(new DevIdentity("/web")));
        var svid = (await client.FetchJwtSvidsAsync(["a", "b"], cancellationToken: Patience))[0];
        var validated = await client.ValidateJwtSvidAsync("b", svid.Token, Patience);

        Assert.Equal(svid.Id, validated.Id);
        Assert.Equal(svid.ExpiresAt, validated.ExpiresAt);
        Assert.Equal("spiffe://example.org/web", validated.Claims.GetProperty("sub").GetString());
        Assert.Equal(["a", "b"], validated.Claims.GetProperty("aud").EnumerateArray().Select(a => a.GetString()));
        Assert.Equal(svid.ExpiresAt.ToUnixTimeSeconds(), validated.Claims.GetProperty("exp").GetInt64());
    }

    [Fact, Trait("Spec", "JW-12")]
    public async Task A_token_for_another_audience_is_refused()
    {
        var client = Open(await StartAgentAsync(new DevIdentity("/web")));
        var svid = (await client.FetchJwtSvidsAsync("a", cancellationToken: Patience))[0];
        var e = await Assert.ThrowsAsync<FormatException>(() => client.ValidateJwtSvidAsync("b", svid.Token, Patience));
        Assert.Contains("'b'", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(svid.Token, e.ToString(), StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "JW-16")]
    public async Task A_token_with_another_signature_is_refused_by_the_agent()
    {
        var client = Open(await StartAgentAsync(new DevIdentity("/web")));
        var tokens = new[] { await FetchAsync(client), await FetchAsync(Open(await StartOtherAgentAsync())) }.Select(svid => svid.Token.Split('.')).ToArray();
        var forged = $"{tokens[0][0]}.{tokens[0][1]}.{tokens[1][2]}";

        var e = await Assert.ThrowsAsync<WorkloadApiException>(() => client.ValidateJwtSvidAsync("a", forged, Patience));
        Assert.Equal(StatusCode.InvalidArgument, e.StatusCode);
        Assert.DoesNotContain(forged, e.ToString(), StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "WA-21")]
    public async Task The_bundles_hold_the_key_that_signed()
    {
        var client = Open(await StartAgentAsync(new DevIdentity("/web")));
        var parts = (await FetchAsync(client)).Token.Split('.');
        using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]));

        var authority = (await client.FetchJwtBundlesAsync(Patience)).Find(Td)!.Find(header.RootElement.GetProperty("kid").GetString()!);
        Assert.NotNull(authority);
        using var key = authority.PublicKey.GetECDsaPublicKey()!;
        Assert.True(key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256));
    }

    [Fact]
    [Trait("Spec", "WA-04"), Trait("Spec", "WA-06")]
    public async Task A_watch_sees_a_federated_trust_domain_come_and_go()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        var other = TrustDomain.Parse("other.org");
        using var authority = new DevCertificateAuthority(other, TimeProvider.System);

        await using var watch = Open(agent).WatchJwtBundlesAsync(Patience).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal([Td], watch.Current.Select(bundle => bundle.TrustDomain));

        agent.AddFederatedBundle(authority);
        Assert.True(await watch.MoveNextAsync());
        Assert.Single(watch.Current.Find(other)!.Authorities);

        agent.RemoveFederatedBundle(other);
        Assert.True(await watch.MoveNextAsync());
        Assert.Null(watch.Current.Find(other));
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) client.Dispose();
        await base.DisposeAsync();
    }

    private WorkloadApiClient Open(DevAgent agent)
    {
        var client = new WorkloadApiClient(WorkloadApiAddress.Parse(agent.AddressOf("web")));
        _clients.Add(client);
        return client;
    }

    private async Task<JwtSvid> FetchAsync(WorkloadApiClient client) => (await client.FetchJwtSvidsAsync("a", cancellationToken: Patience))[0];

    private Task<DevAgent> StartOtherAgentAsync() =>
        StartAgentAsync(new DevAgentOptions { Directory = Directory.CreateDirectory(Path.Combine(Folder, "other")).FullName }.AddWorkload("web", "/web"));
}
