using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>@grpc/grpc-js calls our server with an SVID.</summary>
public sealed class NodeCallerTests(ITestOutputHelper output) : ForeignCallerContract(output)
{
    private protected override OutsideProgram StartClient(string address, string method, string names, params string[] identity) =>
        OutsideProgram.Start(Tools.Node, [Tools.NodeGreeterClient, Tools.GreeterProto, address, method, names, .. identity]);
}
