
namespace AspNetSpiffe.InteropTests;

/// <summary>A test with an agent that knows a server, its caller, and others of the same trust domain.</summary>
public abstract class GreeterTest(ITestOutputHelper output) : InteropTest(output)
{
    protected const string ServerId = "spiffe://example.org/server";
    internal const string CallerId = "spiffe://example.org/caller";
    protected const string GuestId = "spiffe://example.org/guest";

    protected const int Unauthenticated = 16;
    protected const int PermissionDenied = 7;
    protected const int Unavailable = 14;

    private DevAgent _stranger = null!;

    /// <summary>The methods, whom they are told to greet, and the answers.</summary>
    public static TheoryData<string, string[], string[]> Methods => new()
    {
        { "SayHello", ["Ada"], ["Hello, Ada."] },
        { "RepeatHello", ["Ada"], ["Hello 1, Ada.", "Hello 2, Ada.", "Hello 3, Ada."] },
        { "HelloToAll", ["Ada", "Ben", "Eve"], ["Hello, Ada and Ben and Eve."] },
        { "Chat", ["Ada", "Ben"], ["Hello, Ada.", "Hello, Ben."] },
    };

    protected DevAgent Agent { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        Agent = await StartAgentAsync(new DevAgentOptions { LoggerFactory = Loggers }
            .AddWorkload("server", "/server").AddWorkload("caller", "/caller").AddWorkload("guest", "/guest").AddWorkload("outsider", "/outsider"));
        _stranger = await StartAgentAsync(new DevAgentOptions { TrustDomain = TrustDomain.Parse("elsewhere.test") }
            .AddWorkload("server", "/server").AddWorkload("caller", "/caller"));
    }

    /// <summary>A folder with the files of a workload, as the command line writes it.</summary>
    protected Task<string> WriteFilesAsync(string workload) => WriteFilesAsync(Agent, workload, trusted: Agent);

    /// <summary>The same path in a trust domain that is not a friend of ours. It trusts us, so that only the other side can object.</summary>
    protected Task<string> WriteFilesOfStrangerAsync(string workload) => WriteFilesAsync(_stranger, workload, trusted: Agent);

    /// <summary>A workload of ours that does not trust us, so that only it can object.</summary>
    protected Task<string> WriteFilesTrustingStrangersAsync(string workload) => WriteFilesAsync(Agent, workload, trusted: _stranger);

    private async Task<string> WriteFilesAsync(DevAgent agent, string workload, DevAgent trusted)
    {
        var folder = Path.Combine(Folder, "files-" + workload);
        var svid = (await FetchAsync(agent, workload)).DefaultSvid;
        PemFiles.Write(folder, svid.Leaf, svid.Intermediates, trusted.X509Authorities);
        return folder;
    }

    private async Task<X509Context> FetchAsync(DevAgent agent, string workload)
    {
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse(agent.AddressOf(workload)));
        return await client.FetchX509ContextAsync(Patience);
    }
}
