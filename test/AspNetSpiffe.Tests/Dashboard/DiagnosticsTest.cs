using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Dashboard;

/// <summary>A service with the diagnostics page, over mutual TLS and on a plain http port.</summary>
public abstract class DiagnosticsTest(ITestOutputHelper output) : MeshTest(output)
{
    protected Task<WebApplication> StartAsync(
        Action<WebApplication>? map = null, Action<IServiceCollection>? services = null, string environment = "Development", Action<SpiffeServerOptions>? configure = null)
    {
        var builder = Builder(("urls", "https://127.0.0.1:0;http://127.0.0.1:0"));
        builder.Environment.EnvironmentName = environment;
        builder.WebHost.UseSpiffeMtls(configure ?? (_ => { }));
        services?.Invoke(builder.Services);
        return StartAsync(builder, map ?? (app => app.MapSpiffeDiagnostics()));
    }

    protected static void Fallback(IServiceCollection services) =>
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());

    protected async Task<HttpResponseMessage> AskAsync(WebApplication server, string query = "", string accept = "text/html", HttpMethod? method = null)
    {
        using var client = new HttpClient { BaseAddress = AddressOf(server, "http") };
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, $"/spiffe{query}");
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(accept));
        return await client.SendAsync(request, Timeout);
    }

    protected async Task<string> HtmlAsync(WebApplication server, string query = "") => await (await AskAsync(server, query)).Content.ReadAsStringAsync(Timeout);

    protected async Task<JsonElement> JsonAsync(WebApplication server, string? id = null)
    {
        using var answer = await AskAsync(server, id is null ? "" : $"?id={id}", "application/json");
        using var document = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(Timeout));
        return document.RootElement.Clone();
    }

    protected static string[] Texts(JsonElement list, string property) => [.. list.EnumerateArray().Select(one => one.GetProperty(property).ToString())];
}
