// A service and its clients under steady load while everything around them fails: soak [--minutes N] [--seed S] [--plot FILE.svg]
using System.Globalization;
using AspNetSpiffe.Soak;

if (args is ["agent", var folder, .. var upstreams]) return await Relay.RunAsync(folder, upstreams);

var time = TimeSpan.FromMinutes(Number("--minutes") ?? 20);
var seed = Number("--seed") ?? Random.Shared.Next();
Console.WriteLine($"seed {seed}, {time.TotalMinutes} min, {Environment.ProcessorCount} cores");

var ledger = new Ledger();
await using var mesh = await Mesh.StartAsync(ledger);
using var load = new Load(mesh);
var rotation = new Rotation(mesh);

var random = new Random(seed);
var waiting = new Waiting(mesh, ledger);
var agentFaults = new AgentFaults(mesh, waiting, random);
var schedule = new Schedule(
    ledger,
    random,
    ("agent killed", agentFaults.KillAsync),
    ("agent frozen", agentFaults.FreezeAsync));

using var stopping = new CancellationTokenSource();
var running = Task.WhenAll(load.RunAsync(ledger, stopping.Token), rotation.RunAsync(stopping.Token));
await schedule.RunAsync(time);
await stopping.CancelAsync();
await running;

Report.Write(ledger, rotation);
return ledger.Broken.Count == 0 ? 0 : 1;

string? Text(string option) => Array.IndexOf(args, option) is >= 0 and var i && i + 1 < args.Length ? args[i + 1] : null;

int? Number(string option) => Text(option) is { } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;
