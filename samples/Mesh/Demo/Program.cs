// The whole mesh on loopback, each part a separate process: identities, names, calls in both directions, and failures. It ends by itself, and leaves nothing behind.
using System.Diagnostics;
using Mesh.Demo;

var story = new Story();
var clock = Stopwatch.StartNew();
using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(55));
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    timeout.Cancel();
};
try
{
    await using (var mesh = new MeshProcesses(timeout.Token)) await RunAsync(mesh, timeout.Token);
    Console.WriteLine();
    Console.WriteLine($"Done in {clock.Elapsed.TotalSeconds:0.0} s. All processes have ended, and nothing is left behind.");
    return 0;
}
catch (Exception failure)
{
    Console.Error.WriteLine();
    Console.Error.WriteLine($"The step '{story.Current}' failed: {failure.Message}");
    return 1;
}

async Task RunAsync(MeshProcesses mesh, CancellationToken stopping)
{
    var demonstration = new Demonstration(mesh, story, stopping);
    var port = await demonstration.StartAsync();
    await demonstration.ResolveAsync();
    await demonstration.CallBothWaysAsync();
    await demonstration.FollowAsync();
    await demonstration.RenewAsync();

    var faults = new Faults(mesh, demonstration, story, port, stopping);
    await faults.RouterDiesAsync();
    await faults.RouterLeadsAstrayAsync();
    await faults.LeaseEndsAsync();
    await faults.AuthorityIsReplacedAsync();
    await faults.StrangerRegistersAsync();
    await faults.StrangerUsesEgressAsync();
}
