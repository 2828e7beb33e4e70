namespace AspNetSpiffe.Workload.Tests.Federation;

/// <summary>Whatever an endpoint answers, the last good bundle stays.</summary>
[Trait("Spec", "FD-17")]
public sealed class BadAnswerTests(ITestOutputHelper output) : FederationTest(output)
{
    [Theory]
    [InlineData(201, "status 201")]
    [InlineData(204, "status 204")]
    [InlineData(300, "status 300")]
    [InlineData(304, "status 304")]
    [InlineData(401, "status 401")]
    [InlineData(404, "status 404")]
    [InlineData(503, "status 503")]
    public async Task A_status_that_is_not_200_brings_no_bundle(int status, string problem) =>
        await AssertKeptAsync(server => server.Serve(status), problem);

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("<html></html>", "not valid JSON")]
    [InlineData("""{"keys":[]""", "not valid JSON")]
    [InlineData("""{"keys":[]}x""", "not valid JSON")]
    [InlineData("""{"trust_domains":{}}""", "no list of 'keys'")]
    [InlineData("""{"keys":[],"spiffe_sequence":-1}""", "spiffe_sequence")]
    public async Task What_is_no_bundle_is_not_taken(string json, string problem) =>
        await AssertKeptAsync(server => server.Serve(System.Text.Encoding.UTF8.GetBytes(json)), problem);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_without_end_has_one(bool withLength) => await AssertKeptAsync(
        server => server.Answer = async http =>
        {
            if (withLength) http.Response.ContentLength = (1024 * 1024) + 1;
            var spaces = new byte[64 * 1024];
            spaces.AsSpan().Fill((byte)' ');
            for (var i = 0; i < 16; i++) await http.Response.Body.WriteAsync(spaces, http.RequestAborted);
            await http.Response.Body.WriteAsync("{"u8.ToArray(), http.RequestAborted);
            if (!withLength) await Task.Delay(Timeout.Infinite, http.RequestAborted);
        },
        "larger than 1048576 bytes");

    [Fact]
    public async Task A_connection_that_breaks_brings_no_bundle() => await AssertKeptAsync(
        server => server.Answer = async http =>
        {
            http.Response.ContentLength = 1000;
            await http.Response.Body.WriteAsync("{"u8.ToArray());
            http.Abort();
        },
        "");

    [Fact]
    public async Task A_server_without_TLS_brings_no_bundle()
    {
        ExpectWarning("BundleNotFetched");
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var bundles = Start(WebOptions($"https://127.0.0.1:{((System.Net.IPEndPoint)listener.LocalEndpoint).Port}/"));
        using (var connection = await listener.AcceptSocketAsync(Patience)) await connection.SendAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), Patience);
        await PollAsync();
        Assert.Null(X509Of(bundles));
        Assert.Equal("Cannot determine the frame size or a corrupted frame was received.", bundles.FindProblem(Partner.TrustDomain));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_that_does_not_come_is_not_waited_for(bool afterHeaders)
    {
        var server = await ServeWebAsync();
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();

        ExpectWarning("BundleNotFetched");
        var asked = new TaskCompletionSource();
        server.Answer = async http =>
        {
            if (afterHeaders) await http.Response.Body.WriteAsync("{"u8.ToArray());
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        };
        Time.Advance(await Time.WaitForTimerAsync(Patience));
        await asked.Task.WaitAsync(Patience);
        Time.Advance(TimeSpan.FromSeconds(30));
        await PollAsync();
        Assert.Equal("It did not respond within 30 s.", bundles.FindProblem(Partner.TrustDomain));
        Assert.Equal(Partner.Bundle, X509Of(bundles));
    }

    [Fact]
    public async Task A_server_that_is_gone_leaves_the_bundle_and_is_told_once_until_it_was_back()
    {
        ExpectWarning("BundleNotFetched");
        var server = await ServeWebAsync();
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();
        server.Serve(500);
        await NextPollAsync();
        await NextPollAsync();
        Assert.Contains("the last valid one is kept", (await WaitForAsync("BundleNotFetched", Patience)).Message, StringComparison.Ordinal);

        server.Serve(Bundle());
        await NextPollAsync();
        Assert.Null(bundles.FindProblem(Partner.TrustDomain));
        server.Serve(500);
        await NextPollAsync();
        await server.DisposeAsync();
        await NextPollAsync();

        // What was logged has been written by then: twice the status, and once that nobody is there.
        await bundles.DisposeAsync();
        Assert.Equal(3, Logged("BundleNotFetched"));
        Assert.Equal(Partner.Bundle, X509Of(bundles));
    }

    [Fact]
    public async Task A_key_that_is_left_out_is_told_once()
    {
        ExpectWarning("BundleRemark");
        var server = await ServeWebAsync();
        server.Serve("""{"keys":[{"use":"x509-svid","kty":"EC","x5c":["AAAA"]}]}"""u8.ToArray());
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();
        await NextPollAsync();
        await bundles.DisposeAsync();
        Assert.Empty(X509Of(bundles)!.Authorities);
        Assert.Equal(1, Logged("BundleRemark"));
    }

    [Theory, Trait("Spec", "FD-18")]
    [InlineData(false, "the certificate of its host, SHA-256 ")]
    [InlineData(true, "the SVID of 'spiffe://partner/endpoint', SHA-256 ")]
    public async Task Each_fetch_is_logged_with_its_way_and_how_the_server_was_verified(bool spiffe, string verified)
    {
        var (first, second) = spiffe ? (await ServeSpiffeAsync(), await ServeSpiffeAsync(Bundle(3))) : (await ServeWebAsync(), await ServeWebAsync(Bundle(3)));
        first.Serve(302, ("Location", second.Url));
        Start(spiffe ? SpiffeOptions(first.Url) : WebOptions(first.Url));
        await PollAsync();
        await NextPollAsync();

        var asked = await WaitForAsync("BundleAsked", Patience, 2);
        Assert.Equal($"{first.Url} → {second.Url}", asked.Values["Urls"]);
        Assert.Equal(verified + second.Certificate.Leaf.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256), asked.Values["Server"]);
        var fetched = Assert.Single(Logs.All, record => record.Event.Name == "BundleFetched");
        Assert.Equal((Partner.TrustDomain, (object)3UL), (fetched.Values["TrustDomain"], fetched.Values["Sequence"]));
    }

    private async Task AssertKeptAsync(Action<BundleServer> answer, string problem)
    {
        var server = await ServeWebAsync();
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();
        var good = bundles.Current;

        ExpectWarning("BundleNotFetched");
        answer(server);
        await NextPollAsync();
        Assert.Same(good, bundles.Current);
        Assert.Contains(problem, bundles.FindProblem(Partner.TrustDomain), StringComparison.Ordinal);
        Assert.Equal(2, server.Requests.Count);
    }
}
