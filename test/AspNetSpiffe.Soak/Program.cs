// A service and its clients under steady load while everything around them fails: soak [--minutes N] [--seed S] [--foreign throws|blocks] [--files] [--plot FILE.svg]
using System.Globalization;
using AspNetSpiffe.Soak;

if (args is ["agent", var folder, .. var upstreams]) return await Relay.RunAsync(folder, upstreams);

var time = TimeSpan.FromMinutes(Number("--minutes") ?? 20);
var seed = Number("--seed") ?? Random.Shared.Next();
Console.WriteLine($"seed {seed}, {time.TotalMinutes} min, {Environment.ProcessorCount} cores");

var ledger = new Ledger(time);
using var foreign = new ForeignCode(Text("--foreign"));
using var meters = new Meters();
var random = new Random(seed);
await using var mesh = await Mesh.StartAsync(ledger, foreign, args.Contains("--files") ? random : null);
using var load = new Load(mesh);
var rotation = new Rotation(mesh, ledger);
var memory = new Memory(ledger);

var waiting = new Waiting(mesh, ledger);
var agent = new AgentFaults(mesh, waiting, random);
var authority = new AuthorityFaults(mesh, load, agent, waiting, ledger, random);
var peers = new PeerFaults(mesh, load, waiting, ledger);
FaultKind[] faults =
[
    new("agent killed", agent.KillAsync),
    new("agent frozen", agent.FreezeAsync),
    new("CA replaced", authority.RotateAsync),
    new("federation ended", peers.FederateAsync),
    new("peer disallowed", peers.DisallowAsync),
    new("identity taken back", peers.TakeIdentityAsync),
];
if (mesh.Files is { } files) faults = [.. faults, new("files torn", files.TearAsync), new("files missing", files.RemoveAsync), new("files mixed up", files.MixAsync)];
var schedule = new Schedule(ledger, random, faults);

using var stopping = new CancellationTokenSource();
var running = Task.WhenAll(load.RunAsync(ledger, stopping.Token), rotation.RunAsync(stopping.Token), memory.RunAsync(stopping.Token));
await schedule.RunAsync(time);
await stopping.CancelAsync();
await running;

memory.Judge();
Report.Write(ledger, mesh, load, rotation, memory, meters, foreign);
if (Text("--plot") is { } file) await new Plot(ledger, memory).WriteAsync(file);
return ledger.Broken.IsEmpty ? 0 : 1;

string? Text(string option) => Array.IndexOf(args, option) is >= 0 and var i && i + 1 < args.Length ? args[i + 1] : null;

int? Number(string option) => Text(option) is { } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;
