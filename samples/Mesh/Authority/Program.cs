// The authority of the mesh: it signs X509-SVIDs for workloads that their platform attests. Its operator enrols the workloads, and replaces the authority.
using System.CommandLine;
using Mesh;
using Mesh.Authorities;

var data = new Option<string>("--data") { Description = "The folder of the operator's socket, for this user alone", Required = true, Recursive = true };
var trustDomain = Arguments.TrustDomain();
var listen = Arguments.EndPoint("--listen", "Where workloads reach the authority", "[::1]:9000");
var lifetime = Arguments.Seconds("--svid-lifetime", "How long an X509-SVID is valid", 3600);
var renewal = Arguments.Seconds("--renew-after", "After what time workloads ask for the next", 1200);
var root = new RootCommand("The authority of the mesh. It runs until it is stopped; the commands ask one that runs.") { data, trustDomain, listen, lifetime, renewal };
root.SetAction((parsed, stopping) => MeshProgram.RunAsync("mesh-authority", () => AuthorityHost.Build(new()
{
    TrustDomain = parsed.GetRequiredValue(trustDomain),
    Listen = parsed.GetRequiredValue(listen),
    Folder = parsed.GetRequiredValue(data),
    SvidLifetime = parsed.GetRequiredValue(lifetime),
    RenewAfter = parsed.GetRequiredValue(renewal),
}), stopping));

var path = new Argument<string>("path") { Description = "The path of its SPIFFE ID, for example /service-a" };
var folder = new Argument<string>("folder") { Description = "The folder that is made for it" };
var program = new Argument<string>("program") { Description = "The file of its program, which is measured" };
var enroll = new Command("enroll", "Enrols a workload: which platform and which program have this SPIFFE ID") { path, folder, program };
enroll.SetAction((parsed, stopping) => AskAsync(parsed, authority => authority.EnrollAsync(parsed.GetRequiredValue(path), parsed.GetRequiredValue(folder), parsed.GetRequiredValue(program), stopping)));
root.Subcommands.Add(enroll);
foreach (var (step, description) in new[]
{
    ("prepare", "Makes the next authority: workloads trust it, and it does not sign yet"),
    ("activate", "Lets the next authority sign, after every workload has renewed once"),
    ("revoke", "Takes the old authority out of the trust bundle, after every workload has renewed once more"),
})
{
    var command = new Command(step, description);
    command.SetAction((parsed, stopping) => AskAsync(parsed, authority => authority.ReplaceAsync(step, stopping)));
    root.Subcommands.Add(command);
}

return await root.Parse(args).InvokeAsync();

async Task<int> AskAsync(ParseResult parsed, Func<OperatorClient, Task> ask)
{
    using var authority = new OperatorClient(Path.Combine(parsed.GetRequiredValue(data), AuthorityOptions.OperatorSocketName));
    try
    {
        await ask(authority);
        return 0;
    }
    catch (Exception failure) when (failure is HttpRequestException or InvalidOperationException or IOException)
    {
        await Console.Error.WriteLineAsync($"mesh-authority: {failure.Message}");
        return 1;
    }
}
