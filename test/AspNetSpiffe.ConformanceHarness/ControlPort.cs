using System.Net;
using System.Security.Authentication;
using System.Text.Json;
using Grpc.Core;

namespace AspNetSpiffe.ConformanceHarness;

/// <summary>The control port: plain HTTP, through which the suite makes the library act.</summary>
internal static class ControlPort
{
    public static WebApplication Create(X509Port x509)
    {
        var builder = Loopback.CreateBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton(_ => new WorkloadApiClient(x509.Source.Address!));
        builder.Services.AddSingleton(new Dialer(x509.Source));
        builder.Services.AddSingleton(new Validator(x509));
        builder.Services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            options.SerializerOptions.RespectNullableAnnotations = true;
        });

        var app = builder.Build();
        app.MapGet("/v1/info", () => Info.OfThisLibrary);
        app.MapPost("/v1/x509/dial", DialAsync);
        app.MapPost("/v1/jwt/fetch", FetchAsync);
        app.MapPost("/v1/jwt/validate", ValidateAsync);
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
        catch (WorkloadApiException e) when (e.StatusCode is StatusCode.PermissionDenied or StatusCode.InvalidArgument)
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

    private static async Task<IResult> ValidateAsync(ValidateRequest request, Validator validator, CancellationToken cancellationToken)
    {
        if (request.Audience.Length == 0) return Results.BadRequest();
        try
        {
            var result = await validator.ValidateAsync(request.Token, request.Audience, cancellationToken);
            return result.Accepted
                ? Answer.Ok(new { status = "ok", spiffe_id = result.Id.ToString(), claims = result.Svid.Claims })
                : Answer.Rejected($"{result.Reason}");
        }
        catch (Exception e) when (e is WorkloadApiException or TimeoutException)
        {
            return Answer.Error(e.Message);
        }
    }
}
