using System.Net.Security;
using Grpc.Core;
using Mesh;

namespace AspNetSpiffe.MeshTests;

/// <summary>Callers without an X509-SVID of the trust domain: they do not get past the handshake.</summary>
public sealed class RegistryStrangerTests(ITestOutputHelper output) : RegistryTest(output)
{
    [Fact]
    public async Task Nobody_is_heard_without_a_certificate()
    {
        using var handler = new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true } };
        using var client = new HttpClient(handler) { BaseAddress = new(App.Urls.Single()) };
        await AssertRefusedAsync(client, RejectionReason.NoCertificate);
    }

    [Fact]
    public async Task A_member_of_an_unknown_trust_domain_is_refused()
    {
        using var client = await StrangerAsync(federated: false);
        await AssertRefusedAsync(client, RejectionReason.UnknownTrustDomain);
    }

    [Fact]
    public async Task A_member_of_a_federated_trust_domain_is_refused_too()
    {
        using var client = await StrangerAsync(federated: true);
        await AssertRefusedAsync(client, RejectionReason.NotAllowed);
    }

    [Fact]
    public async Task A_stranger_is_refused_by_gRPC_as_well()
    {
        var elsewhere = await StartAgentAsync("elsewhere.test", "service-a");
        elsewhere.AddFederatedBundle(Agent);
        var client = await GrpcAsync("service-a", elsewhere);
        await Assert.ThrowsAsync<RpcException>(async () => await client.DeregisterAsync(new Deregistration { Name = NameOfA, Addresses = { "127.0.0.2" }, Port = 9005 }, cancellationToken: Patience));
        Assert.Equal(RejectionReason.UnknownTrustDomain, (await WaitForAsync("PeerRefused", Patience)).Values["Reason"]);
    }

    private async Task<HttpClient> StrangerAsync(bool federated)
    {
        var elsewhere = await StartAgentAsync("elsewhere.test", "service-a");
        elsewhere.AddFederatedBundle(Agent);
        if (federated)
        {
            Agent.AddFederatedBundle(elsewhere);
            await Logs.WaitForAsync(static record => record is { Category: "AspNetSpiffe.X509Source", Event.Name: "SvidRenewed" } && $"{record.Values["TrustDomains"]}" == "2", Patience);
        }

        return await RestAsync("service-a", elsewhere);
    }

    private async Task AssertRefusedAsync(HttpClient client, RejectionReason reason)
    {
        await Assert.ThrowsAsync<HttpRequestException>(() => client.PutAsync($"/names/{NameOfA}/endpoints/127.0.0.9:9005?lease=10", null, Patience));
        Assert.Equal(reason, (await WaitForAsync("PeerRefused", Patience)).Values["Reason"]);
        Assert.Equal("NXDOMAIN", (await DigAsync(NameOfA, "A")).Status);
    }
}
