namespace Mesh.Service.Egress;

/// <summary>The names of the egress listeners.</summary>
internal static class DoorNames
{
    public const string Http = "HTTP";
    public const string Grpc = "gRPC";
    public const string Tcp = "L4";
}
