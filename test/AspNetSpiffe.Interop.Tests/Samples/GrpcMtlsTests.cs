using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The agent and the two programs of the sample, each a process of its own, by the commands of the README: only folders and ports are the test's.</summary>
public sealed partial class GrpcMtlsTests(ITestOutputHelper output) : InteropTest(output)
{
    [Fact]
    public async Task The_client_prints_what_the_README_shows()
    {
        var (_, address) = await StartServerAsync();
        var client = await RunClientAsync("client", address);

        Assert.True(client.ExitCode == 0, client.All);
        var readme = await File.ReadAllTextAsync(Repository.PathOf("samples", "GrpcMtls", "README.md"));
        Assert.Equal(TextBlock().Match(readme).Groups[1].Value, client.Output);
    }

    [Fact]
    public async Task Somebody_else_is_refused_at_the_handshake_and_the_server_logs_its_ID()
    {
        var (server, address) = await StartServerAsync();
        Assert.Equal(1, (await RunClientAsync("other", address)).ExitCode);

        var refusal = await server.ReadUntilAsync("Rejected a client in the TLS handshake", Patience);
        Assert.Contains("NotAllowed. It presented spiffe://example.org/other", refusal, StringComparison.Ordinal);
    }

    private async Task<(OutsideProgram Server, string Address)> StartServerAsync()
    {
        await Stopping(Command(0).Start([])).ReadUntilAsync("other.sock", Patience);
        var server = Stopping(Command(1).Start([("SERVER_URL", "https://127.0.0.1:0")]));
        return (server, Listening().Match(await server.ReadUntilAsync("listening on: https", Patience)).Groups[1].Value);
    }

    private async Task<ProgramResult> RunClientAsync(string workload, string address)
    {
        await using var client = Command(2).Start([("SPIFFE_ENDPOINT_SOCKET", $"unix://{Folder}/agent/{workload}.sock"), ("SERVER_URL", address)]);
        return await client.FinishAsync("", Patience);
    }

    private PageCommand Command(int block) => PageCommand.Read("samples/GrpcMtls/README.md", block, ("/tmp/spiffe", Path.Combine(Folder, "agent")));

    [GeneratedRegex("(https://.+)$")]
    private static partial Regex Listening();

    [GeneratedRegex("prints, and ends:\n\n```text\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex TextBlock();
}
