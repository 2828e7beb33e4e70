using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>Our client calls a server of gRPC's C core, as Debian's python3-grpcio has it, that asks for an SVID.</summary>
public sealed class PythonGreeterTests(ITestOutputHelper output) : ForeignGreeterContract(output)
{
    private protected override OutsideProgram StartServer(string folder, string expectedCaller) =>
        OutsideProgram.Start(Tools.Python, Tools.PythonGreeterServer, folder, expectedCaller);

    [Fact]
    public async Task It_takes_new_files_without_a_restart()
    {
        var folder = await WriteFilesAsync("outsider");
        var server = await StartAsync(folder);
        var client = await ClientAsync("caller", server);
        Assert.IsType<SpiffePeerRejectedException>(await FailureOfAsync(client));

        foreach (var file in Directory.EnumerateFiles(await WriteFilesAsync("server"))) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        Assert.Equal(["Hello, Ada."], await client.CallAsync("SayHello", ["Ada"], Patience));
    }
}
