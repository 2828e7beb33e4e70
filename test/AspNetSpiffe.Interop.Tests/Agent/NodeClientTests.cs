using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The development agent serves @grpc/grpc-js.</summary>
public sealed class NodeClientTests(ITestOutputHelper output) : DevAgentContract(output)
{
    private protected override OutsideProgram StartClient(string address, string method, string request, params string[] options) =>
        OutsideProgram.Start(Tools.Node, [Tools.NodeClient, method is "Check" or "Watch" ? Tools.HealthProto : Tools.Proto, address, method, request, .. options]);
}
