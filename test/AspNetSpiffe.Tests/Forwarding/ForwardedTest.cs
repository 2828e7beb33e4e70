using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Forwarding;

/// <summary>A service behind proxies: the test is the proxy, over plain http on the loopback or with an SVID of its own.</summary>
public abstract class ForwardedTest(ITestOutputHelper output) : MeshTest(output)
{
    /// <summary>Starts a service with UseSpiffeMtls on one https endpoint, and an http endpoint. <c>/caller</c> lets forwarded callers in.</summary>
    protected Task<WebApplication> StartForwardedAsync(
        Action<SpiffeForwardedAuthenticationOptions> configure, Action<WebApplication>? map = null, Action<WebApplicationBuilder>? services = null)
    {
        var builder = Builder(("urls", "https://127.0.0.1:0;http://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddAuthentication().AddSpiffeForwarded(configure);
        services?.Invoke(builder);
        return StartAsync(builder, app =>
        {
            app.MapGet("/caller", Describe).RequireAuthorization(Schemes("SpiffeForwarded"));
            map?.Invoke(app);
        });
    }

    protected static AuthorizeAttribute Schemes(string schemes, string? policy = null) => new() { AuthenticationSchemes = schemes, Policy = policy };

    /// <summary>Answers with the caller, as the user has it, and the peer of the connection.</summary>
    protected static string Describe(HttpContext http) => $"{http.User.GetSpiffeIdentity()?.Source.ToString() ?? "nobody"} {http.GetSpiffeId()?.Path}, peer {http.GetSpiffePeer()?.Id.Path}".TrimEnd();

    /// <summary>Asks over plain http, as a proxy on the same machine.</summary>
    protected async Task<string> AskAsync(WebApplication server, string path, params (string Name, string Value)[] headers)
    {
        using var client = new HttpClient { BaseAddress = AddressOf(server, "http") };
        return await AskAsync(client, path, headers);
    }

    protected async Task<string> AskAsync(HttpClient client, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers) Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        using var response = await client.SendAsync(request, Timeout);
        return response.StatusCode == HttpStatusCode.OK ? await response.Content.ReadAsStringAsync(Timeout) : $"{(int)response.StatusCode} {response.Headers.WwwAuthenticate}".Trim();
    }

    /// <summary>Gives what a proxy says of a workload of the agent.</summary>
    protected async Task<(string Name, string Value)[]> ForwardedAsync(string workload, ForwardedCertificateFormat format = ForwardedCertificateFormat.ClientCert)
    {
        var svid = (await SourceAsync(workload)).Current!.DefaultSvid;
        return [.. ForwardedHeader.Of(format, svid.Leaf, [.. svid.Intermediates])];
    }

    /// <summary>Gets what was said of the refusal of a forwarded certificate.</summary>
    protected async Task<string> RefusalAsync() => (await WaitForAsync("ForwardedCertificateRefused", Timeout)).Message;
}
