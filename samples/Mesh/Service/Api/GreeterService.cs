using AspNetSpiffe;
using Grpc.Core;

namespace Mesh.Service.Api;

/// <summary>The gRPC API.</summary>
internal sealed class GreeterService(X509Source source) : Greeter.GreeterBase
{
    public override Task<HelloReply> Hello(HelloRequest request, ServerCallContext context) =>
        Task.FromResult(new HelloReply { Caller = context.GetHttpContext().GetRequiredSpiffeId().ToString(), Service = source.Current!.DefaultSvid.Id.ToString() });
}
