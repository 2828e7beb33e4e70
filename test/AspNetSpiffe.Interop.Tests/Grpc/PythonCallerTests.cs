using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>gRPC's C core, as Debian's python3-grpcio has it, calls our server with an SVID.</summary>
public sealed class PythonCallerTests(ITestOutputHelper output) : ForeignCallerContract(output)
{
    private protected override OutsideProgram StartClient(string address, string method, string names, params string[] identity) =>
        OutsideProgram.Start(Tools.Python, [Tools.PythonGreeterClient, address, method, names, .. identity]);
}
