using System.Net;
using AspNetSpiffe;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace Mesh.Service.Egress;

/// <summary>Forwards HTTP and gRPC requests of a door to the service of their host name, over mutual TLS.</summary>
/// <remarks>The host must be a name of the mesh, so that requests of a web page in the user's browser, which have another host, are not forwarded.</remarks>
internal sealed class HttpEgress(IHttpForwarder forwarder, EgressClients clients, X509Source source, ILogger<HttpEgress> logger)
{
    private const int HttpPort = 80;

    public Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        if (Door.Of(http) is not { } door) return next(http);
        var host = http.Request.Host;
        if (!IsTunnel(http) && host.Port is null or HttpPort && Destination.Find(host.Host, source) is { } destination) return ForwardAsync(http, destination);

        // Our own gRPC services, which tools such as grpcurl call by the address of the door.
        if (door.Name == DoorNames.Grpc && IsAddressOfDoor(http.Connection, host)) return next(http);

        return AnswerAsync(http, StatusCodes.Status403Forbidden, StatusCode.PermissionDenied,
            $"'{host}' is not a service of this mesh. Call http://NAME.{source.Current?.TrustDomain}/, where NAME is one lower-case label; the egress adds the mutual TLS.");
    }

    private async Task ForwardAsync(HttpContext http, Destination destination)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = null;
        var error = await clients.UseAsync(
            destination, client => forwarder.SendAsync(http, $"https://{destination.Name}/", client, ForwarderRequestConfig.Empty, HttpTransformer.Default).AsTask());
        if (error is ForwarderError.None || http.RequestAborted.IsCancellationRequested) return;

        var cause = http.GetForwarderErrorFeature()?.Exception;
        var why = $"{destination.Name} did not answer. {cause?.Message ?? error.ToString()}";
        logger.LogWarning(Events.NotForwarded, "{Why}", why);

        // The client is our own user, who could also read our log and memory, so it gets the reason. A caller of our API never does.
        var wasRejected = cause is SpiffePeerRejectedException;
        if (!http.Response.HasStarted) await AnswerAsync(http, http.Response.StatusCode, wasRejected ? StatusCode.FailedPrecondition : StatusCode.Unavailable, why);
    }

    // A tunnel would carry TLS of the local program, with an arbitrary server name. Web sockets over HTTP/2 are not tunnels.
    private static bool IsTunnel(HttpContext http) => HttpMethods.IsConnect(http.Request.Method) && http.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true };

    private static bool IsAddressOfDoor(ConnectionInfo connection, HostString host) =>
        IPAddress.TryParse(host.Host, out var address) && address.Equals(connection.LocalIpAddress) && host.Port == connection.LocalPort;

    private static Task AnswerAsync(HttpContext http, int status, StatusCode grpcStatus, string detail)
    {
        if (http.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) != true) return TypedResults.Problem(detail, statusCode: status).ExecuteAsync(http);

        // The gRPC status is in the trailers, or, without a body, in the headers.
        http.Response.StatusCode = StatusCodes.Status200OK;
        http.Response.ContentType = "application/grpc";
        http.Response.Headers["grpc-status"] = ((int)grpcStatus).ToString(System.Globalization.CultureInfo.InvariantCulture);
        http.Response.Headers["grpc-message"] = Uri.EscapeDataString(detail);
        return Task.CompletedTask;
    }
}
