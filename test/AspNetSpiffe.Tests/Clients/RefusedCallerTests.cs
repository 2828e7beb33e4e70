using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Handshakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>A server that refused us does not say so; our exception says what that may mean, and where the reason stands.</summary>
public sealed class RefusedCallerTests(ITestOutputHelper output) : IssuedTest(output)
{
    private readonly TestPki _pki = new();
    private readonly TestPki _strangers = new();

    [Theory, Trait("Trial", "C-05"), Trait("Trial", "A-11")]
    [InlineData("1.1", SslProtocols.Tls13, false)]
    [InlineData("2.0", SslProtocols.Tls13, false)]
    [InlineData("1.1", SslProtocols.Tls12, false)]
    [InlineData("2.0", SslProtocols.Tls12, false)]
    [InlineData("1.1", SslProtocols.Tls13, true)]
    [InlineData("2.0", SslProtocols.Tls13, true)]
    public async Task A_server_that_lets_us_not_in_is_told_from_one_that_fails(string version, SslProtocols protocols, bool throughProxy)
    {
        var server = await StartServerAsync(await IssueAsync(new(_pki.Leaf("/server"), _pki.Root.Certificate)), protocols);
        var source = await SourceAsync(await IssueAsync(new(_strangers.Leaf("/client"), _strangers.Root.Certificate, _pki.Root.Certificate)));
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected), throughProxy ? Keep(new ConnectProxy()).Use : null));

        for (var i = 0; i < 5; i++) AssertSays(await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client, version)));
        await WaitForAsync("PeerRefused", Timeout);
    }

    [Theory, Trait("Trial", "C-05")]
    [InlineData("1.1", "closes")]
    [InlineData("2.0", "closes")]
    [InlineData("1.1", "resets")]
    [InlineData("2.0", "resets")]
    [InlineData("1.1", "hangs up before its handshake")]
    [InlineData("2.0", "hangs up before its handshake")]
    public async Task However_it_ends_the_connection_the_exception_says_the_same(string version, string end)
    {
        var source = await SourceAsync(await IssueAsync(new(_pki.Leaf("/client"), _pki.Root.Certificate)));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Timeout);
        var serving = ServeAsync(listener, end, stop.Token);
        using var client = Client(new($"https://{listener.LocalEndpoint}"), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected)));

        AssertSays(await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client, version)));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);
    }

    [Theory, Trait("Trial", "C-05")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_server_that_has_answered_before_did_not_refuse_us(string version)
    {
        var server = await StartServerAsync(await IssueAsync(new(_pki.Leaf("/server"), _pki.Root.Certificate)), map: app => app.Use((HttpContext http, RequestDelegate next) =>
        {
            if (http.Request.Path == "/abort") http.Abort();
            return next(http);
        }));
        var source = await SourceAsync(await IssueAsync(new(_pki.Leaf("/client"), _pki.Root.Certificate)));
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected)));
        await GetAsync(client, version);

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client, version, "/abort"));
        if (version == "2.0") Assert.DoesNotContain("refused", error.Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Trial", "C-05")]
    public async Task Nobody_at_the_address_is_nobody_and_not_a_refusal()
    {
        var source = await SourceAsync(await IssueAsync(new(_pki.Leaf("/client"), _pki.Root.Certificate)));
        using var client = Client(new("https://127.0.0.1:1"), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Any));
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client));
        Assert.Equal(HttpRequestError.ConnectionError, error.HttpRequestError);
        Assert.DoesNotContain("rejected our SVID", error.Message, StringComparison.Ordinal);
    }

    private static void AssertSays(HttpRequestException error)
    {
        Assert.True(error.Message.Contains("It may have rejected our SVID 'spiffe://example.org/client'", StringComparison.Ordinal), $"{error}");
        Assert.Contains("the server's log", error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.InnerException);
        Assert.Equal(Assert.IsType<HttpRequestException>(error.InnerException).HttpRequestError, error.HttpRequestError);
    }

    private async Task ServeAsync(TcpListener listener, string end, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var socket = await listener.AcceptSocketAsync(cancellationToken);
            if (end == "hangs up before its handshake") continue;

            var options = new Presented(_pki.Leaf("/server")).ToServerOptions(SslProtocols.Tls13);
            options.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
            await using var tls = new SslStream(new NetworkStream(socket));
            await tls.AuthenticateAsServerAsync(options, cancellationToken);
            if (end == "resets") socket.LingerState = new(true, 0);
        }
    }
}
