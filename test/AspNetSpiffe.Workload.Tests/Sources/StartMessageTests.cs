using System.Diagnostics;
using AspNetSpiffe.TestKit;
using Grpc.Core;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>Why a start fails, and what an identity is announced with: the whole texts, as an operator reads them.</summary>
public sealed class StartMessageTests(ITestOutputHelper output) : SourceTest(output)
{
    private const string NotRegistered =
        "No identity is registered for this workload: create a registration entry whose selectors match it and whose parent ID is the SPIFFE ID of this agent, " +
        "or run 'aspnet-spiffe agent' for development.";

    [Theory, Trait("Trial", "A-20"), Trait("Trial", "A-18")]
    [InlineData(StatusCode.PermissionDenied, "no identity issued", "It answered 'PermissionDenied: no identity issued'. " + NotRegistered)]
    [InlineData(StatusCode.PermissionDenied, "", "It answered 'PermissionDenied'. " + NotRegistered)]
    [InlineData(StatusCode.Unavailable, "rate limit exceeded", "It answered 'Unavailable: rate limit exceeded'.")]
    [InlineData(StatusCode.ResourceExhausted, "rate (1) exceeded burst 0", "It answered 'ResourceExhausted: rate (1) exceeded burst 0'.")]
    [InlineData(StatusCode.Unavailable, "", "It answered 'Unavailable'. The agent is not ready: check its log and its connection to the server.")]
    public async Task An_agent_that_gives_nothing_is_quoted(StatusCode code, string words, string problem)
    {
        ExpectWarning("AgentUnavailable");
        Agent.OnEachCall = agent => agent.CloseWith(code, words);
        var source = Start();
        Assert.Equal($"No stream from the SPIFFE Workload API at '{Agent.Address}'; retrying with backoff. {problem}", (await WaitForAsync("AgentUnavailable", Patience)).Message);
        await FailsAsync(source, problem);
    }

    [Theory, Trait("Trial", "A-07")]
    [InlineData(StatusCode.InvalidArgument, "It answered 'InvalidArgument: no'. The agent rejected the request: it may be of another version, or not a SPIFFE Workload API; check the address.")]
    [InlineData(StatusCode.Unimplemented, "It answered 'Unimplemented: no'. The server at this address is not a SPIFFE Workload API, or does not implement this method: check the address.")]
    public async Task An_answer_that_will_not_pass_fails_the_start_at_once(StatusCode code, string problem)
    {
        ExpectWarning("WatchGivenUp");
        Agent.CloseWith(code, "no");
        var source = Start();
        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => source.RequireFirstAsync(TimeSpan.FromSeconds(30), Patience));
        Assert.Equal($"The SPIFFE Workload API at '{Agent.Address}' issued no identity to this workload. {problem}", e.Message);

        // The words come after the effect, and a source that is gone hears none.
        await WaitForAsync("WatchGivenUp", Patience);
    }

    [Fact, Trait("Trial", "O-02")]
    public async Task A_folder_where_the_socket_should_be_is_in_the_message()
    {
        ExpectWarning("AgentUnavailable");
        var folder = Path.GetDirectoryName(Agent.SocketPath)!;
        var source = Start(options => options.EndpointSocket = $"unix://{folder}");
        await WaitForAsync("AgentUnavailable", Patience);
        await FailsAsync(source, "The path is a directory, not a socket. The socket may be inside; the directory contains 'agent.sock'.");
    }

    [Fact, Trait("Trial", "O-08")]
    public async Task The_words_of_an_agent_are_one_line_and_short()
    {
        ExpectWarning("AgentUnavailable");
        Agent.CloseWith(StatusCode.Unavailable, "one\nline\u2028\u202Eback" + new string('x', 5_000));
        Start();
        var message = (await WaitForAsync("AgentUnavailable", Patience)).Message;
        Assert.Contains("'Unavailable: one line  backxxx", message, StringComparison.Ordinal);
        Assert.InRange(message.Length, 0, 800);
    }

    [Fact, Trait("Trial", "O-05")]
    public async Task An_identity_is_obtained_renewed_changed_or_kept()
    {
        var source = await StartGoodAsync("/web");
        await AnnouncedAsync(1, "Identity spiffe://td/web obtained, valid until {0:u}. Trust domains with a bundle: 1.", source);
        var leaf = Pki.Leaf("/web");
        await NextAsync(source, () => Agent.Send(Pki.Response(leaf)));
        await AnnouncedAsync(2, "Identity spiffe://td/web renewed, valid until {0:u}. Trust domains with a bundle: 1.", source);
        await NextAsync(source, () => Agent.Send(Pki.Response(leaf, new TestPki("other"))));
        await AnnouncedAsync(3, "Identity spiffe://td/web unchanged, with other bundles or other SVIDs, valid until {0:u}. Trust domains with a bundle: 2.", source);
        await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/api"))));
        await AnnouncedAsync(4, "Identity spiffe://td/api issued instead of 'spiffe://td/web', valid until {0:u}. Trust domains with a bundle: 1.", source);
    }

    [Theory, Trait("Trial", "O-03")]
    [InlineData("a store that .NET does not take", false)]
    [InlineData("a home that another user owns", true)]
    [InlineData("no home at all", true)]
    public async Task A_user_whose_certificate_stores_cannot_be_read_hears_it_at_once(string what, bool asOther)
    {
        if (!OperatingSystem.IsLinux() || (asOther && !(Environment.IsPrivilegedProcess && File.Exists("/usr/bin/setpriv")))) return;
        var home = Directory.CreateTempSubdirectory("home-");
        try
        {
            var store = home.CreateSubdirectory(".dotnet/corefx/cryptography/x509stores/disallowed").FullName;
            File.SetUnixFileMode(home.FullName, (UnixFileMode)0b111_101_101);
            if (asOther) File.SetUnixFileMode(store, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            else await File.WriteAllTextAsync(Path.Combine(store, "any.pfx"), "");
            var said = await SayAsync(asOther, what == "no home at all" ? "" : home.FullName);
            Assert.StartsWith("System.InvalidOperationException: This process cannot check certificates: .NET cannot read the certificate stores of its user. ", said, StringComparison.Ordinal);
            Assert.Contains("set the environment variable HOME to a directory that this user can read and write", said, StringComparison.Ordinal);
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    /// <summary>Starts a source in a process of its own; see <see cref="StartupHook"/>.</summary>
    private async Task<string> SayAsync(bool asOther, string home)
    {
        var assembly = typeof(StartMessageTests).Assembly.Location;
        string[] arguments = [Environment.ProcessPath!, "exec", assembly];
        if (asOther) arguments = ["/usr/bin/setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups", .. arguments];
        var start = new ProcessStartInfo(arguments[0], arguments[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        (start.Environment["HOME"], start.Environment["DOTNET_STARTUP_HOOKS"], start.Environment[StartupHook.Address]) = (home, assembly, Agent.Address);
        using var process = Process.Start(start)!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(Patience), process.StandardError.ReadToEndAsync(Patience));
        await process.WaitForExitAsync(Patience);
        return await said + await errors;
    }

    private async Task AnnouncedAsync(int times, string text, X509Source source) => Assert.Equal(
        string.Format(System.Globalization.CultureInfo.InvariantCulture, text, source.Current!.DefaultSvid.NotAfter), (await WaitForAsync("SvidRenewed", Patience, times)).Message);

    private async Task FailsAsync(X509Source source, string problem)
    {
        await Time.WaitForTimerAsync(Patience, LongestPause);
        var waiting = source.RequireFirstAsync(TimeSpan.FromSeconds(0.3), Patience);
        Time.Advance(TimeSpan.FromSeconds(0.3));
        Assert.Equal(
            $"The SPIFFE Workload API at '{Agent.Address}' issued no identity to this workload within 0.3 s. {problem}".Replace(Agent.Address, source.Address!.ToString(), StringComparison.Ordinal),
            (await Assert.ThrowsAsync<InvalidOperationException>(() => waiting)).Message);
    }
}
