using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.DataTests;

/// <summary>A test of a server and its client, each with an identity of a development agent.</summary>
public abstract class DataTest(ITestOutputHelper output) : ProgramTest(output)
{
    /// <summary>Gets the agent of example.org.</summary>
    protected DevAgent Agent { get; private set; } = null!;

    /// <summary>Starts the agent, with a server and two clients.</summary>
    public override async ValueTask InitializeAsync() => Agent = await StartAgentAsync("example.org");

    protected async Task<DevAgent> StartAgentAsync(string trustDomain)
    {
        var options = new DevAgentOptions { TrustDomain = TrustDomain.Parse(trustDomain), Directory = Path.Combine(Folder, trustDomain) };
        return Stopping(await DevAgent.StartAsync(options.AddWorkload("server", "/server").AddWorkload("orders", "/orders").AddWorkload("other", "/other"), Patience));
    }

    protected async Task<X509Source> StartSourceAsync(DevAgent agent, string workload) =>
        Stopping(await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = agent.AddressOf(workload) }, Loggers, Patience));

    /// <summary>Takes the authority of the agent through its four steps, so that nothing of the old one is trusted any more; after each, waits until client and server have what changed.</summary>
    protected async Task ReplaceAuthorityAsync(Func<Action, Task> change)
    {
        await change(Agent.PrepareAuthority);
        Agent.ActivateAuthority();
        await change(Agent.TaintAuthority);
        await change(Agent.RevokeAuthority);
    }

    /// <summary>Waits until our side has refused a server, and gives the reason.</summary>
    protected async Task<object?> RefusedAsync() => (await WaitForAsync("PeerRefused", Patience)).Values["Reason"];
}
