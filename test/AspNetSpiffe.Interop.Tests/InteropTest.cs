using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>A test with agents and sources beside outside programs.</summary>
/// <param name="patience">How long a test waits for what must come, if it is one that takes its time.</param>
public abstract class InteropTest(ITestOutputHelper output, TimeSpan? patience = null) : ProgramTest(output, patience)
{
    protected async Task<DevAgent> StartAgentAsync(DevAgentOptions options)
    {
        options.Directory ??= Path.Combine(Folder, options.TrustDomain.Name);
        return Stopping(await DevAgent.StartAsync(options, Patience));
    }

    protected async Task<X509Source> StartSourceAsync(string address) =>
        Stopping(await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = address }, Loggers, Patience));

    /// <summary>Does what changes the SVIDs, and waits until all sources have the change.</summary>
    protected async Task RenewAsync(Func<Task> change, params X509Source[] sources)
    {
        var renewed = sources.Select(source => source.GetChangeToken().ChangedAsync(Patience)).ToArray();
        await change();
        await Task.WhenAll(renewed);
    }
}
