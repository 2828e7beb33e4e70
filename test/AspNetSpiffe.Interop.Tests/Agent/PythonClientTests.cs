using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The development agent serves gRPC's C core, as Debian's python3-grpcio has it.</summary>
public sealed class PythonClientTests(ITestOutputHelper output) : DevAgentContract(output)
{
    private protected override OutsideProgram StartClient(string address, string method, string request, params string[] options) =>
        OutsideProgram.Start(Tools.Python, [Tools.PythonClient, address, method, request, .. options]);
}
