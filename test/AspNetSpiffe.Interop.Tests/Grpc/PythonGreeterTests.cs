using Xunit.Abstractions;

namespace AspNetSpiffe.InteropTests;

/// <summary>Our client calls a server of gRPC's C core, as Debian's python3-grpcio has it, that asks for an SVID.</summary>
public sealed class PythonGreeterTests(ITestOutputHelper output) : ForeignGreeterContract(output)
{
    private protected override OutsideProgram StartServer(string folder, string expectedCaller) =>
        OutsideProgram.Start(Tools.Python, Tools.PythonGreeterServer, folder, expectedCaller);
}
