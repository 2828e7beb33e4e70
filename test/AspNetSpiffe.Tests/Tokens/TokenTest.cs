using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Tokens;

/// <summary>Services that take tokens, and callers that have them from the development agent.</summary>
public abstract partial class TokenTest(ITestOutputHelper output) : MeshTest(output)
{
    protected const string Audience = "https://orders.example.org";

    protected const string ClientId = "spiffe://example.org/client";

    protected const string AdminId = "spiffe://example.org/admin";

    /// <summary>Starts a service that knows its callers by tokens alone, over plain http, as behind a proxy that ends TLS.</summary>
    protected Task<WebApplication> StartPlainAsync(Action<WebApplication> map, Action<SpiffeJwtAuthenticationOptions>? configure = null)
    {
        var builder = Builder(("urls", "http://127.0.0.1:0"));
        AddTokens(builder, configure);
        return StartAsync(builder, map);
    }

    /// <summary>Starts a service whose callers have certificates, and may have tokens.</summary>
    protected Task<WebApplication> StartMutualAsync(Action<WebApplication> map, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = Builder(("urls", "https://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();
        AddTokens(builder, null);
        configure?.Invoke(builder);
        return StartAsync(builder, map);
    }

    protected static void AddTokens(WebApplicationBuilder builder, Action<SpiffeJwtAuthenticationOptions>? configure) =>
        builder.Services.AddAuthentication().AddSpiffeJwt(options =>
        {
            options.Audiences.Add(Audience);
            configure?.Invoke(options);
        });

    /// <summary>Gets a token from an agent.</summary>
    protected async Task<string> TokenAsync(string workload = "client", string audience = Audience, DevAgent? agent = null)
    {
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse((agent ?? Agent).AddressOf(workload)));
        return (await client.FetchJwtSvidsAsync(audience, cancellationToken: Timeout))[0].Token;
    }

    /// <summary>Makes a token bad by one bit of its signature.</summary>
    protected static string Forge(string token)
    {
        var at = token.LastIndexOf('.') + 1;
        return $"{token[..at]}{(token[at] == 'A' ? 'B' : 'A')}{token[(at + 1)..]}";
    }

    protected async Task<(HttpStatusCode Status, string Body, string Challenge)> SendAsync(HttpClient client, string path, string? token, string scheme = "Bearer")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = client.DefaultRequestVersion, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        if (token is not null) request.Headers.TryAddWithoutValidation("Authorization", $"{scheme} {token}");
        using var response = await client.SendAsync(request, Timeout);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Timeout), string.Join(", ", response.Headers.WwwAuthenticate));
    }

    protected async Task<HttpStatusCode> StatusAsync(HttpClient client, string path, string? token) => (await SendAsync(client, path, token)).Status;

    /// <summary>Sends a request as it is written, over plain http, and gives all bytes of the answer but the date.</summary>
    protected async Task<string> SendRawAsync(WebApplication server, string path, params string[] headers)
    {
        var address = AddressOf(server, "http");
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, address.Port, Timeout);
        var lines = string.Concat(headers.Select(header => $"{header}\r\n"));
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {address.Authority}\r\nConnection: close\r\n{lines}\r\n"), Timeout);
        using var reader = new StreamReader(client.GetStream());
        return Date().Replace(await reader.ReadToEndAsync(Timeout), "Date: now");
    }

    protected static HttpClient PlainClient(WebApplication server) => new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = AddressOf(server, "http") };

    protected static string Describe(HttpContext http) =>
        $"caller {http.GetSpiffeId()?.Path ?? "-"}, peer {http.GetSpiffePeer()?.Id.Path ?? "-"}, " +
        $"token {http.GetSpiffeToken()?.Id.Path ?? "-"}, user {http.User.FindFirst(SpiffeClaimTypes.Path)?.Value ?? "-"}";

    [GeneratedRegex("Date: [^\r]*")]
    private static partial Regex Date();
}
