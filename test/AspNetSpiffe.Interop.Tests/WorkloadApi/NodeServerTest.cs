
namespace AspNetSpiffe.InteropTests;

/// <summary>A test with a Workload API that @grpc/grpc-js serves.</summary>
public abstract class NodeServerTest(ITestOutputHelper output) : InteropTest(output)
{
    private protected string Socket => Path.Combine(Folder, "agent.sock");

    private protected NodeWorkloadApi Api { get; private set; } = null!;

    public override async ValueTask InitializeAsync() => Api = Stopping(await NodeWorkloadApi.StartAsync(Socket, Patience));

    private protected WorkloadApiClient NewClient() => new(WorkloadApiAddress.Parse(Api.Address));
}
