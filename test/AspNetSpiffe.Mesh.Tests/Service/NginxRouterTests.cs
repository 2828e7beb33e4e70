using System.Net;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.MeshTests;

/// <summary>The mesh with samples/Mesh/Router/nginx.conf.</summary>
public sealed class NginxRouterTests(ITestOutputHelper output) : RouterContract(output)
{
    private protected override (string Listen, string ListenOnSocket, string Service) Words => ("listen 127.0.0.1:8443", $"listen unix:{RouterSocket}", "$service:9005");

    private protected override async Task<OutsideProgram> StartRouterAsync(Dictionary<string, string> addresses)
    {
        var file = await RouterFile.WriteAsync("nginx.conf", Folder, addresses, Patience);

        // One process, so that nothing of it outlives the test.
        var nginx = OutsideProgram.Start("/usr/sbin/nginx", "-p", Folder, "-c", file, "-e", "stderr", "-g", "master_process off;");
        await nginx.WaitForErrorAsync("getrlimit", Patience);
        return nginx;
    }

    private protected override Task WaitForPassedAsync(OutsideProgram router, string name, IPEndPoint service) => router.ReadUntilAsync($"\"{name}\" -> {service} 200", Patience);

    private protected override Task WaitForUnknownAsync(OutsideProgram router, string name) => router.WaitForErrorAsync($"{name} could not be resolved", Patience);

    private protected override Task WaitForRejectedAsync(OutsideProgram router, string name) => router.WaitForErrorAsync("no host in upstream", Patience);
}
