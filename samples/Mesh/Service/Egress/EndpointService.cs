using System.Net.Sockets;
using System.Security.Authentication;
using AspNetSpiffe;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;

namespace Mesh.Service.Egress;

/// <summary><c>endpoint.Endpoint</c>: one connection to an address, to see who answers there. It sends nothing.</summary>
/// <remarks>It says that we accepted the server. Whether the server accepts us is seen in TLS 1.3 only by whoever goes on to talk to it.</remarks>
[Authorize(Door.Policy)]
internal sealed class EndpointService(X509Source source) : Endpoint.EndpointBase
{
    public override async Task<ConnectReply> Connect(ConnectRequest request, ServerCallContext context)
    {
        var address = MeshAddress.Parse(request.Address) ?? throw new RpcException(new(StatusCode.InvalidArgument, $"address: '{request.Address}' is no address; write 127.0.0.1:8443, [::1]:8443 or unix:/path."));
        var destination = Destination.Find(request.Sni, source) ?? throw new RpcException(new(StatusCode.InvalidArgument, $"sni: '{request.Sni}' is no name of this mesh; write NAME.{source.Current?.TrustDomain}."));
        try
        {
            await using var connection = await MeshConnection.OpenAsync(source, address, destination, context.CancellationToken);
            return new()
            {
                SpiffeId = connection.Peer.Id.ToString(),
                SerialNumber = connection.Peer.Leaf.SerialNumber,
                Expires = Timestamp.FromDateTimeOffset(connection.Peer.NotAfter),
                Protocol = connection.Stream.SslProtocol.ToString(),
            };
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
}
