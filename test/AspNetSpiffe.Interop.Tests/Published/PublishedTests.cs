using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The development agent, a service and its callers as Native AOT and trimmed: nothing warns when they are published, and they do what they do elsewhere.</summary>
[Collection(Alone.Name)]
public sealed partial class PublishedTests(ITestOutputHelper output, PublishedTests.Publications publications) : InteropTest(output, Limit), IClassFixture<PublishedTests.Publications>
{
    // Machine code takes some two minutes of processor time, for which a busy machine needs several; build/test waits longer still.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(7);

    private string _program = "";

    private string Sockets => Path.Combine(Folder, "agent");

    [Theory]
    [InlineData(PublishedApp.Aot)]
    [InlineData(PublishedApp.Trimmed)]
    public async Task A_service_that_was_published_knows_its_callers(string how)
    {
        // The compiler to machine code links with it.
        Assert.Equal(0, (await OutsideProgram.RunAsync(Tools.Gcc, ["--version"], "", Patience)).ExitCode);
        _program = await publications.FindAsync(how).WaitAsync(Patience);

        var agent = Start("agent", Sockets);
        await agent.ReadUntilAsync("mail.sock", Patience);
        var service = StartAs("orders", "serve", "--urls", "https://127.0.0.1:0");
        var server = Listening().Match(await service.ReadUntilAsync("listening on: https", Patience)).Groups[1].Value;
        var (cart, mail) = (StartAs("cart", "call", server), StartAs("mail", "call", server));

        var first = Greeting(await AskAsync(cart, "/hello"));
        Assert.Equal("spiffe://example.org/cart", first.Caller);
        Assert.Equal("200 For spiffe://example.org/cart only", await AskAsync(cart, "/report"));
        Assert.Equal("200 By token: spiffe://example.org/cart", await AskAsync(cart, "/token"));
        Assert.Equal("spiffe://example.org/mail", Greeting(await AskAsync(mail, "/hello")).Caller);
        Assert.StartsWith("403 {", await AskAsync(mail, "/report"), StringComparison.Ordinal);

        await agent.WriteLineAsync("renew", Patience);
        await service.ReadUntilAsync("renewed", Patience);
        await cart.ReadUntilAsync("renewed", Patience);
        var second = Greeting(await AskAsync(cart, "/hello"));
        Assert.Equal(first.Caller, second.Caller);
        Assert.NotEqual(first.Serial, second.Serial);

        foreach (var caller in (OutsideProgram[])[cart, mail]) AssertEndedWell(await caller.FinishAsync("", Patience));
        AssertEndedWell(await service.TerminateAsync(Patience));
        AssertEndedWell(await agent.TerminateAsync(Patience));
        Assert.False(Directory.Exists(Sockets));
    }

    private OutsideProgram Start(params IEnumerable<string> arguments) => Stopping(OutsideProgram.Start(_program, arguments));

    private OutsideProgram StartAs(string workload, params IEnumerable<string> arguments) =>
        Stopping(OutsideProgram.StartWith(new() { ["SPIFFE_ENDPOINT_SOCKET"] = $"unix://{Sockets}/{workload}.sock" }, _program, arguments));

    private async Task<string> AskAsync(OutsideProgram caller, string path)
    {
        await caller.WriteLineAsync(path, Patience);
        var answer = $"GET {path}: ";
        return (await caller.ReadUntilAsync(answer, Patience))[answer.Length..];
    }

    private static (string Caller, string Serial) Greeting(string answer)
    {
        Assert.StartsWith("200 {", answer, StringComparison.Ordinal);
        var greeting = JsonNode.Parse(answer["200 ".Length..])!;
        return ((string)greeting["caller"]!, (string)greeting["serial"]!);
    }

    private static void AssertEndedWell(ProgramResult result)
    {
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Empty(result.Errors);
    }

    [GeneratedRegex("https://(.+)$")]
    private static partial Regex Listening();

    /// <summary>Both publications, made at the same time: the trimmer has one thread, and so has much of the compiler to machine code.</summary>
    public sealed class Publications : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("spiffe-published-").FullName;
        private readonly CancellationTokenSource _patience = new(Limit);
        private readonly Dictionary<string, Task<string>> _programs = [];

        /// <summary>Gives the program of one of them, when it is there.</summary>
        public Task<string> FindAsync(string how)
        {
            if (_programs.Count == 0)
                foreach (var way in (string[])[PublishedApp.Aot, PublishedApp.Trimmed]) _programs[way] = PublishedApp.PublishAsync(way, Path.Combine(_folder, way), _patience.Token);
            return _programs[how];
        }

        public async ValueTask DisposeAsync()
        {
            await _patience.CancelAsync();
            await ((Task)Task.WhenAll(_programs.Values)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _patience.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
