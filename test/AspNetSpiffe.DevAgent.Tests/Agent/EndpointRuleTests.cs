using System.Net;
using AspNetSpiffe.Wire;

namespace AspNetSpiffe.AgentTests;

/// <summary>What every call must look like, whichever method it names.</summary>
public sealed class EndpointRuleTests : AgentTest
{
    private const int Unknown = 2;
    private const int InvalidArgument = 3;
    private const int DeadlineExceeded = 4;
    private const int ResourceExhausted = 8;
    private const int Unimplemented = 12;
    private const int Internal = 13;

    private static readonly string[] Methods = ["FetchX509SVID", "FetchX509Bundles", "FetchJWTSVID", "FetchJWTBundles", "ValidateJWTSVID"];

    public static TheoryData<string, string[]> BadHeaders
    {
        get
        {
            var rows = new TheoryData<string, string[]>();
            foreach (var method in Methods)
            {
                rows.Add(method, []);
                rows.Add(method, ["TRUE"]);
                rows.Add(method, ["True"]);
                rows.Add(method, ["false"]);
                rows.Add(method, [""]);
                rows.Add(method, ["true", "true"]);
            }

            return rows;
        }
    }

    [Theory, Trait("Spec", "EP-22"), MemberData(nameof(BadHeaders))]
    public async Task A_call_without_exactly_one_security_header_is_refused(string method, string[] header)
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        using var call = await Connect(agent).CallAsync(method, new JWTSVIDRequest { Audience = { "a" } }, Patience, header);

        Assert.Equal(InvalidArgument, await call.WaitForStatusAsync(Patience));
        Assert.Contains("security header", call.StatusMessage, StringComparison.Ordinal);
    }

    [Theory, Trait("Spec", "WA-01"), Trait("Spec", "WA-27")]
    [InlineData("/SpiffeWorkloadAPI/FetchWITSVID")]
    [InlineData("/SpiffeWorkloadAPI/FetchWITBundles")]
    [InlineData("/SpiffeWorkloadAPI/Rotate")]
    [InlineData("/grpc.health.v1.Health/List")]
    public async Task What_is_not_served_is_unimplemented(string path)
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        using var response = await Connect(agent).SendAsync(AgentClient.NewRequest(path, new X509SVIDRequest(), "true"), Patience);
        using var call = new AgentCall(response, await response.Content.ReadAsStreamAsync(Patience));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Unimplemented, await call.WaitForStatusAsync(Patience));
    }

    [Fact, Trait("Spec", "EP-20"), Trait("Spec", "EP-28")]
    public async Task A_call_needs_no_TLS_and_no_credentials()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        using var call = await Connect(agent).WatchX509Async(Patience);

        Assert.Equal(HttpVersion.Version20, call.Response.Version);
        Assert.Equal("application/grpc", call.Response.Content.Headers.ContentType?.MediaType);
        Assert.NotNull(await call.ReadAsync(X509SVIDResponse.Parser, Patience));
    }

    [Fact]
    public async Task A_request_that_is_no_gRPC_is_told_so_by_HTTP()
    {
        var client = Connect(await StartAgentAsync(new DevIdentity("/web")));
        var get = AgentClient.NewRequest("/SpiffeWorkloadAPI/FetchX509SVID", [], "true");
        (get.Method, get.Content) = (HttpMethod.Get, null);
        using var refused = await client.SendAsync(get, Patience);
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);

        var json = AgentClient.NewRequest("/SpiffeWorkloadAPI/FetchX509SVID", [], "true");
        json.Content = new StringContent("{}");
        using var unsupported = await client.SendAsync(json, Patience);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, unsupported.StatusCode);
    }

    [Theory]
    [InlineData("01_00000000", Internal)]             // a compressed message, of no known kind
    [InlineData("00_7FFFFFFF", ResourceExhausted)]    // two gigabytes announced
    [InlineData("00_00000003_FFFFFF", Unknown)]       // no protobuf
    [InlineData("00_00000003_00", Internal)]          // ends in the middle
    [InlineData("00", Internal)]
    [InlineData("", Internal)]
    public async Task A_frame_that_holds_no_message_ends_the_call_only(string hex, int status)
    {
        var client = Connect(await StartAgentAsync(new DevIdentity("/web")));
        var frame = Convert.FromHexString(hex.Replace("_", "", StringComparison.Ordinal));
        using var response = await client.SendAsync(AgentClient.NewRequest("/SpiffeWorkloadAPI/FetchX509SVID", frame, "true"), Patience);
        using var call = new AgentCall(response, await response.Content.ReadAsStreamAsync(Patience));
        Assert.Equal(status, await call.WaitForStatusAsync(Patience));

        Assert.Single((await client.FetchX509Async(Patience)).Svids);
    }

    [Fact]
    public async Task A_deadline_ends_a_watch()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        var request = AgentClient.NewRequest("/SpiffeWorkloadAPI/FetchX509SVID", new X509SVIDRequest(), "true");
        request.Headers.Add("grpc-timeout", "50m");
        using var response = await Connect(agent).SendAsync(request, Patience);
        using var call = new AgentCall(response, await response.Content.ReadAsStreamAsync(Patience));
        Assert.Equal(DeadlineExceeded, await call.WaitForStatusAsync(Patience));
    }
}
