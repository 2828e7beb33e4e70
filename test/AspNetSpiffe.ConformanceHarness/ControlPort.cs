using System.Net;
using System.Security.Authentication;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;

namespace AspNetSpiffe.ConformanceHarness;

/// <summary>The control port: plain HTTP, through which the suite makes the library act.</summary>
internal static class ControlPort
{
    public static WebApplication Create(X509Source source)
    {
        var builder = Loopback.CreateBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton(_ => new WorkloadApiClient(source.Address));
        builder.Services.AddSingleton(new Dialer(source));
        builder.Services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            options.SerializerOptions.RespectNullableAnnotations = true;
        });

        var app = builder.Build();
        app.MapGet("/v1/info", () => Info.OfThisLibrary);
        app.MapPost("/v1/x509/dial", DialAsync);
        app.MapPost("/v1/jwt/fetch", FetchAsync);
        app.MapPost("/v1/jwt/validate", ([FromBody] ValidateRequest _) => Answer.Unsupported("The library does not validate tokens by itself yet."));
        return app;
    }

    public static int PortOf(WebApplication app) => BindingAddress.Parse(app.Urls.Single()).Port;

    private static async Task<IResult> DialAsync(DialRequest request, Dialer dialer, CancellationToken cancellationToken)
    {
        if (!IPEndPoint.TryParse(request.Address, out var server)) return Results.BadRequest();
        try
        {
            var peer = await dialer.DialAsync(server, cancellationToken);
            return Answer.Ok(new { status = "ok", spiffe_id = peer.ToString() });
        }
        catch (AuthenticationException e)
        {
            return Answer.Rejected(e.Message);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            return Answer.Error(e.Message);
        }
    }

    private static async Task<IResult> FetchAsync(FetchRequest request, WorkloadApiClient client, CancellationToken cancellationToken)
    {
        try
        {
            var id = string.IsNullOrEmpty(request.SpiffeId) ? null : SpiffeId.Parse(request.SpiffeId);
            var svids = await client.FetchJwtSvidsAsync(request.Audience, id, cancellationToken);
            return Answer.Ok(new { status = "ok", svids = svids.Select(svid => new { spiffe_id = svid.Id.ToString(), token = svid.Token, hint = svid.Hint }) });
        }
        catch (WorkloadApiException e) when (e.StatusCode is GrpcStatusCode.PermissionDenied or GrpcStatusCode.InvalidArgument)
        {
            return Answer.Rejected(e.Message);
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            return Answer.Rejected(e.Message);
        }
        catch (WorkloadApiException e)
        {
            return Answer.Error(e.Message);
        }
    }
}
