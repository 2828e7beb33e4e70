using System.Net;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.MeshTests;

/// <summary>The mesh with samples/Mesh/Router/haproxy.cfg.</summary>
public sealed class HaproxyRouterTests(ITestOutputHelper output) : RouterContract(output)
{
    private protected override (string Listen, string ListenOnSocket, string Service) Words => ("bind 127.0.0.1:8443", $"bind unix@{RouterSocket}", "0.0.0.0:9005");

    private protected override async Task<OutsideProgram> StartRouterAsync(Dictionary<string, string> addresses)
    {
        // Where a test names the service, the address of the name does not count.
        if (addresses.ContainsKey(Words.Service)) addresses["    tcp-request content set-dst var(sess.address)"] = "";
        var file = await RouterFile.WriteAsync("haproxy.cfg", Folder, addresses, Patience);

        // The worker ends with its master.
        var haproxy = OutsideProgram.Start("/usr/sbin/haproxy", "-W", "-db", "-f", file);
        await haproxy.WaitForErrorAsync("Loading success", Patience);
        return haproxy;
    }

    private protected override Task WaitForPassedAsync(OutsideProgram router, string name, IPEndPoint service) => router.ReadUntilAsync($"\"{name}\" -> {service.Address} --", Patience);

    private protected override Task WaitForUnknownAsync(OutsideProgram router, string name) => router.ReadUntilAsync($"\"{name}\" -> - PR", Patience);

    private protected override Task WaitForRejectedAsync(OutsideProgram router, string name) => router.ReadUntilAsync($"\"{name}\" -> - PR", Patience);
}
