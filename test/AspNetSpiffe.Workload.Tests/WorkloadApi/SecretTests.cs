using System.Text;
using AspNetSpiffe.TestKit;
using Google.Protobuf;
using Grpc.Core;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>The bytes of a private key appear in no error and in no log.</summary>
public sealed class SecretTests(ITestOutputHelper output) : ClientTest(output)
{
    private const string Secret = "recognisable-secret";

    // As text, as base64 (how protobuf prints bytes) and as hexadecimal digits.
    private static readonly string[] Spellings = [Secret, Convert.ToBase64String(Encoding.UTF8.GetBytes(Secret)), Convert.ToHexString(Encoding.UTF8.GetBytes(Secret))];

    [Theory]
    [InlineData("refused by the reader", 0)]
    [InlineData("no protobuf", 1)]
    [InlineData("compressed", 2)]
    [InlineData("truncated", 3)]
    public async Task The_key_of_a_bad_message_is_nowhere(string what, int kind)
    {
        _ = what;
        var message = Pki.Response(Pki.Leaf());
        message.Svids[0].X509SvidKey = ByteString.CopyFromUtf8(Secret);
        var bytes = message.ToByteArray();
        Agent.OnEachCall = agent =>
        {
            agent.SendRaw(kind switch
            {
                0 => GrpcFrame.Of(bytes),
                1 => GrpcFrame.Of([.. bytes, 0xFF]),
                2 => GrpcFrame.Of(bytes, flag: 1),
                _ => GrpcFrame.Of(bytes, announced: (uint)bytes.Length + 1),
            });
            agent.CloseWith(StatusCode.OK);
        };

        AssertNoSecret((await Assert.ThrowsAnyAsync<Exception>(FetchAsync)).ToString());
        await AssertSourceTellsNothingAsync();
    }

    private async Task AssertSourceTellsNothingAsync()
    {
        AllowWarning("UpdateRefused");
        ExpectWarning("AgentUnavailable");
        var time = new ManualTime();
        await using var source = new X509Source(new() { EndpointSocket = Agent.Address }, Loggers, null, time);
        source.Start();
        await WaitForAsync("AgentUnavailable", Patience);

        var waiting = source.RequireFirstAsync(TimeSpan.FromSeconds(1), Patience);
        await time.WaitForTimerAsync(Patience);
        time.Advance(TimeSpan.FromSeconds(1));
        AssertNoSecret((await Assert.ThrowsAsync<InvalidOperationException>(() => waiting)).ToString());
        await source.DisposeAsync();
        AssertNoSecret(string.Join('\n', Logs.All.Select(r => $"{r} {string.Join(' ', r.Values.Values)}")));
    }

    private static void AssertNoSecret(string text) => Assert.All(Spellings, spelling => Assert.DoesNotContain(spelling, text, StringComparison.OrdinalIgnoreCase));
}
