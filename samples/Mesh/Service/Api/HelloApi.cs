using System.Net;
using AspNetSpiffe;
using Mesh.Service.Egress;

namespace Mesh.Service.Api;

/// <summary>The caller, and the service that responded.</summary>
internal sealed record Hello(string Caller, string Service);

/// <summary>The response to a request that makes this service call another, with the other's response.</summary>
internal sealed record Asked(string Caller, string Service, Hello? Answer);

/// <summary>The HTTP API.</summary>
internal static class HelloApi
{
    public static void MapHello(this IEndpointRouteBuilder app)
    {
        app.MapGet("/hello", (SpiffeCaller caller, X509Source source) => new Hello(caller.Id.ToString(), OwnId(source)));
        app.MapGet("/ask/{name}", AskAsync);
    }

    private static async Task<IResult> AskAsync(string name, SpiffeCaller caller, X509Source source, EgressClients clients, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (Destination.Find(name, source) is not { } destination) return TypedResults.Problem("This is not a name of the mesh.", statusCode: StatusCodes.Status400BadRequest);
        try
        {
            var answer = await clients.UseAsync(destination, client => GetHelloAsync(client, destination, cancellationToken));
            return TypedResults.Ok(new Asked(caller.Id.ToString(), OwnId(source), answer));
        }
        catch (Exception e) when (e is HttpRequestException or SpiffePeerRejectedException or System.Text.Json.JsonException)
        {
            // The reason is logged only: the caller is another service.
            loggers.CreateLogger(typeof(HelloApi)).LogWarning(Events.CallFailed, "{Name} did not answer. {Why}", name, e.Message);
            return TypedResults.Problem("The service did not answer.", statusCode: StatusCodes.Status502BadGateway);
        }
    }

    private static async Task<Hello?> GetHelloAsync(HttpMessageInvoker client, Destination destination, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{destination.Name}/hello") { Version = HttpVersion.Version20 };
        using var response = await client.SendAsync(request, cancellationToken);
        return await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<Hello>(cancellationToken);
    }

    private static string OwnId(X509Source source) => source.Current!.DefaultSvid.Id.ToString();
}
