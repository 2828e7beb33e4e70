using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Modes;

/// <summary>The mode NoClientCertificate: our SVID is shown, and the client is asked for nothing.</summary>
public sealed class NoClientCertificateTests(ITestOutputHelper output) : ModeTest(output)
{
    [Theory, MemberData(nameof(Ways))]
    public async Task The_client_is_asked_for_no_certificate_and_is_nobody(string way, string version)
    {
        var server = await StartAsync(SpiffeServerMode.NoClientCertificate, way);
        var svid = await SvidAsync();
        Assert.False((await ShakeHandsAsync(server, svid)).Shown);

        using var client = ForeignClient(server, svid, version);
        Assert.Equal("nobody", await GetAsync(client, version));
        Assert.Equal("none", await GetAsync(client, version, "/certificate"));
        Assert.Equal("caller -, peer -, token -, user -", await GetAsync(client, version, "/who"));
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task Our_SVID_is_shown_and_verified_by_its_ID(string way, string version)
    {
        var server = await StartAsync(SpiffeServerMode.NoClientCertificate, way);
        Assert.Equal(Expected, SpiffeIdOf((await ShakeHandsAsync(server, await SvidAsync())).Server));

        using var client = Client(NamedAddressOf(server), SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected)));
        Assert.Equal("nobody", await GetAsync(client, version));
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task Callers_are_known_by_their_tokens_and_by_nothing_else(string way, string version)
    {
        var server = await StartAsync(SpiffeServerMode.NoClientCertificate, way);
        using var client = ForeignClient(server, await SvidAsync(), version);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/token", token: null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/guarded", await TokenAsync()));

        var (status, body, _) = await SendAsync(client, "/token", await TokenAsync());
        Assert.Equal((HttpStatusCode.OK, "caller /client, peer -, token /client, user /client"), (status, body));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(client, "/token", await TokenAsync("admin")));
    }

    [Fact]
    public async Task A_renewed_SVID_is_shown_to_the_next_connection()
    {
        var server = await StartAsync(SpiffeServerMode.NoClientCertificate, "configuration");
        var ours = await SvidAsync();
        var before = (await ShakeHandsAsync(server, ours)).Server;

        var source = server.Services.GetRequiredService<X509Source>();
        await RotateAsync("server", source);
        Assert.Equal(source.Current!.DefaultSvid.Leaf.SerialNumber, (await ShakeHandsAsync(server, ours)).Server.SerialNumber);
    }

    [Fact]
    public async Task The_names_of_a_section_Sni_have_the_mode_of_their_endpoint()
    {
        var server = await StartAsync(SpiffeServerMode.NoClientCertificate, "configuration", builder => builder.Configuration["Kestrel:Endpoints:E:Sni:*:Protocols"] = "Http1AndHttp2");
        var (shown, asked) = await ShakeHandsAsync(server, await SvidAsync());
        Assert.Equal((Expected, false), (SpiffeIdOf(shown), asked));
    }
}
