using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Handshakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>A server whose lists of revoked certificates come over http and from files, and peers that they name.</summary>
public sealed class RevocationTests(ITestOutputHelper output) : IssuedTest(output)
{
    private readonly TestPki _pki = new("example.org", intermediates: 1);
    private readonly SvidFolder _folder = new();

    protected override async ValueTask StopAsync()
    {
        await base.StopAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_revoked_peer_loses_its_connection_and_gets_no_new_one()
    {
        var peer = _pki.Leaf("/peer");
        var server = await StartServerAsync(_pki.Issuer.List(1));
        await using var connection = await RawHttp2.ConnectAsync(NamedAddressOf(server), new Presented(peer), Timeout);
        Assert.Equal("200", await connection.GetAsync("/", Timeout));

        await ReplaceAsync(_pki.Issuer.List(2, null, peer.Leaf));
        Assert.Contains("Revoked", (await WaitForAsync("PeerConnectionEnded", Timeout)).Message, StringComparison.Ordinal);
        await connection.WaitForEndAsync(Timeout);

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var next = await RawHttp2.ConnectAsync(NamedAddressOf(server), new Presented(peer), Timeout);
            await next.GetAsync("/", Timeout);
        });
        Assert.Contains("Rejected a client in the TLS handshake: Revoked. It presented spiffe://example.org/peer", (await WaitForAsync("PeerRefused", Timeout)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_is_fetched_from_its_URL_and_an_answer_that_is_none_leaves_the_last()
    {
        ExpectWarning("RevocationListRefused");
        var (peer, answer) = (_pki.Leaf("/peer"), (RequestDelegate)(http => Results.Bytes(_pki.Issuer.List(1)).ExecuteAsync(http)));
        var publisher = Builder(("Spiffe:EndpointSocket", "unix:///none.sock"), ("Kestrel:Endpoints:Web:Url", "http://127.0.0.1:0"));
        var web = await StartAsync(publisher, app =>
        {
            app.MapGet("/list.crl", http => answer(http));
            app.MapGet("/elsewhere.crl", () => Results.Bytes(_pki.Issuer.List(9)));
        });
        var source = await StartSourceAsync($"{AddressOf(web, "http")}list.crl");
        Assert.True(source.Verify(peer.Leaf, [.. peer.Intermediates], PeerRole.Client).Accepted);

        answer = http => Results.Redirect("/elsewhere.crl").ExecuteAsync(http);
        Assert.Contains("The server answered 302. List: the last valid one is kept.", (await WaitForAsync("RevocationListRefused", Timeout)).Message, StringComparison.Ordinal);
        answer = http => Results.NotFound().ExecuteAsync(http);
        Assert.Contains("The server answered 404. List: the last valid one is kept.", (await WaitForAsync("RevocationListRefused", Timeout, times: 2)).Message, StringComparison.Ordinal);
        Assert.True(source.Verify(peer.Leaf, [.. peer.Intermediates], PeerRole.Client).Accepted);

        answer = http => Results.Bytes(_pki.Issuer.List(2, null, peer.Leaf)).ExecuteAsync(http);
        await WaitForAsync("RevocationListTaken", Timeout, times: 3);
        Assert.Equal(RejectionReason.Revoked, source.Verify(peer.Leaf, [.. peer.Intermediates], PeerRole.Client).Reason);
    }

    private async Task<X509Source> StartSourceAsync(string url)
    {
        await File.WriteAllBytesAsync(_folder.PathOf("root.crl"), _pki.Root.List(1), Timeout);
        var agent = await IssueAsync(new(_pki.Leaf("/workload"), _pki.Root.Certificate));
        var options = new SpiffeOptions { EndpointSocket = agent.Address, Revocation = { RefreshInterval = TimeSpan.FromSeconds(1), Lists = { ["example.org"] = [url, _folder.PathOf("root.crl")] } } };
        var source = Keep(await X509Source.StartAsync(options, Loggers, Timeout));
        await WaitForAsync("RevocationListTaken", Timeout, times: 2);
        return source;
    }

    private async Task<WebApplication> StartServerAsync(byte[] list)
    {
        await File.WriteAllBytesAsync(_folder.PathOf("list.crl"), list, Timeout);
        await File.WriteAllBytesAsync(_folder.PathOf("root.crl"), _pki.Root.List(1), Timeout);
        var agent = await IssueAsync(new(_pki.Leaf("/server"), _pki.Root.Certificate));
        var builder = Builder(
            ("Spiffe:EndpointSocket", agent.Address), ("Kestrel:Endpoints:Mesh:Url", "https://127.0.0.1:0"),
            ("Spiffe:Revocation:Lists:example.org:0", _folder.PathOf("list.crl")), ("Spiffe:Revocation:Lists:example.org:1", _folder.PathOf("root.crl")));
        builder.WebHost.UseSpiffeMtls();
        var server = await StartAsync(builder);
        await WaitForAsync("RevocationListTaken", Timeout, times: 2);
        return server;
    }

    private async Task ReplaceAsync(byte[] list)
    {
        await File.WriteAllBytesAsync(_folder.PathOf("next.crl"), list, Timeout);
        File.Move(_folder.PathOf("next.crl"), _folder.PathOf("list.crl"), overwrite: true);
        await WaitForAsync("RevocationListTaken", Timeout, times: 3);
    }
}
