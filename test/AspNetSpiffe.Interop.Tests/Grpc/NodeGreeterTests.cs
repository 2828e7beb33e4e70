using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>Our client calls a server of @grpc/grpc-js that asks for an SVID.</summary>
public sealed class NodeGreeterTests(ITestOutputHelper output) : ForeignGreeterContract(output)
{
    private protected override OutsideProgram StartServer(string folder, string expectedCaller) =>
        OutsideProgram.Start(Tools.Node, Tools.NodeGreeterServer, Tools.GreeterProto, folder, expectedCaller);
}
