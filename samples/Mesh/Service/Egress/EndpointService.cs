using System.Net.Sockets;
using System.Security.Authentication;
using AspNetSpiffe;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;

namespace Mesh.Service.Egress;

/// <summary><c>endpoint.Endpoint</c>: opens a connection to an address, to show which server responds. It sends no data.</summary>
/// <remarks>It reports that we accepted the server. With TLS 1.3, whether the server accepts us is known only after further data.</remarks>
[Authorize(Door.Policy)]
internal sealed class EndpointService(X509Source source) : Endpoint.EndpointBase
{
    public override async Task<ConnectReply> Connect(ConnectRequest request, ServerCallContext context)
    {
        var destination = Destination.Find(request.Sni, source) ?? throw Invalid($"sni: '{request.Sni}' is not a name of this mesh; write NAME.{source.Current?.TrustDomain}.");
        try
        {
            await using var connection = await MeshConnection.OpenAsync(source, MeshAddress.Parse(request.Address), destination, context.CancellationToken);
            return new()
            {
                SpiffeId = connection.Peer.Id.ToString(),
                SerialNumber = connection.Peer.Leaf.SerialNumber,
                Expires = Timestamp.FromDateTimeOffset(connection.Peer.NotAfter),
                Protocol = connection.Stream.SslProtocol.ToString(),
            };
        }
        catch (FormatException e)
        {
            throw Invalid($"address: {e.Message}");
        }
        catch (ServerRejectedException e)
        {
            throw new RpcException(new(StatusCode.FailedPrecondition, e.Message));
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or TimeoutException)
        {
            throw new RpcException(new(StatusCode.Unavailable, $"{request.Address} did not answer as {destination.Name}: {e.Message}"));
        }
    }

    private static RpcException Invalid(string what) => new(new(StatusCode.InvalidArgument, what));
}
