using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>docs/deploy/development.md, command by command: only folders and ports are the test's.</summary>
public sealed partial class GuideTests(ITestOutputHelper output) : InteropTest(output)
{
    private readonly Queue<string> _commands = new(CodeBlock.ReadAll("docs/deploy/development.md").Select(static block => block.Text));

    [Fact]
    public async Task The_commands_of_the_development_guide_do_what_it_says()
    {
        var agent = Run();
        await agent.ReadUntilAsync("stranger.sock", Patience);
        var orders = Run(("ASPNETCORE_URLS", "https://127.0.0.1:0;http://127.0.0.1:0"));
        var https = Listening().Match(await orders.ReadUntilAsync("listening on: https:", Patience)).Groups[1].Value;
        var http = Listening().Match(await orders.ReadUntilAsync("listening on: http:", Patience)).Groups[1].Value;

        var checkout = RunClient(https);
        Assert.Contains("Answer: Order 1, for spiffe://example.org/ns/shop/sa/checkout", await checkout.ReadUntilAsync("Answer: ", Patience), StringComparison.Ordinal);
        var stranger = RunClient(https);
        await stranger.ReadUntilAsync("No answer: ", Patience);
        Assert.Contains("NotAllowed. It presented spiffe://example.org/ns/shop/sa/stranger", await orders.ReadUntilAsync("Rejected a client in the TLS handshake", Patience), StringComparison.Ordinal);

        Assert.Equal("Healthy", (await CurlAsync(http, https)).Output);
        Assert.Contains("spiffe_svid_not_after_seconds{", (await CurlAsync(http, https)).Output, StringComparison.Ordinal);
        var fetched = await Run().FinishAsync("", Patience);
        Assert.True(fetched.ExitCode == 0, fetched.All);
        Assert.Equal("Order 7, for spiffe://example.org/ns/shop/sa/checkout\n", (await CurlAsync(http, https)).Output);
        Assert.Empty(_commands);
    }

    private OutsideProgram RunClient(string https) => Run(("ASPNETCORE_URLS", "http://127.0.0.1:0"), ("Orders__Url", $"https://{https}"), ("Orders__Interval", "00:00:00.1"));

    /// <summary>Runs the next command of the guide, which is one of ours.</summary>
    private OutsideProgram Run(params (string, string?)[] own) => Stopping(PageCommand.ReadAll(Next()).Single().Start(own));

    private async Task<ProgramResult> CurlAsync(string http, string https)
    {
        var words = PageCommand.ReadAll(Next().Replace("localhost:8080", http, StringComparison.Ordinal).Replace("localhost:8443", https, StringComparison.Ordinal)).Single().Words;
        var result = await OutsideProgram.RunAsync(words[0], ["--silent", "--show-error", .. words[1..]], "", Patience);
        Assert.True(result.ExitCode == 0, result.All);
        return result;
    }

    private string Next() => _commands.Dequeue().Replace("/tmp/spiffe", Path.Combine(Folder, "spiffe"), StringComparison.Ordinal);

    [GeneratedRegex("https?://(.+)$")]
    private static partial Regex Listening();
}
