using System.Runtime.Versioning;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe.AgentTests;

/// <summary>aspnet-spiffe write, and what the library reads of it. Bad places are those of <see cref="WriteTests"/>.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class WriteCommandTests : AgentTest
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private string Target => Path.Combine(Folder, "files");

    [Theory]
    [InlineData("certmanager", SpiffeFileLayout.CertManager, "tls.key", "ca.crt,tls.crt,tls.key")]
    [InlineData("spiffehelper", SpiffeFileLayout.SpiffeHelper, "svid_key.pem", "svid.pem,svid_bundle.pem,svid_key.pem")]
    [InlineData("PodCertificate", SpiffeFileLayout.PodCertificate, "credentialbundle.pem", "bundle.pem,credentialbundle.pem")]
    public async Task The_library_reads_what_is_written_through_a_rotation_of_key_and_authority(string layout, SpiffeFileLayout read, string key, string files)
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        await using var tool = Tool.Start(agent.AddressOf("web"), "write", Target, "--layout", layout, "--watch", "--json");
        await tool.ReadLineAsync("\"spiffeId\":\"spiffe://example.org/web\"", Patience);
        Assert.Equal(files.Split(','), Directory.GetFiles(Target).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(Target, key)));

        var options = new SpiffeOptions { Files = new() { Layout = read, Directory = Target } };
        if (read == SpiffeFileLayout.PodCertificate) options.Files.Bundle = Path.Combine(Target, "bundle.pem");
        await using var source = await X509Source.StartAsync(options, null, Patience);
        var first = source.Current!.DefaultSvid.Leaf.SerialNumber;
        Assert.Equal("spiffe://example.org/web", source.Current.DefaultSvid.Id.ToString());

        agent.PrepareAuthority();
        agent.ActivateAuthority();
        agent.TaintAuthority();
        agent.RevokeAuthority();
        await WaitAsync(source, context => context.DefaultSvid.Leaf.SerialNumber != first && context.Bundles.Single().Authorities.Single().RawData.AsSpan().SequenceEqual(agent.X509Authorities.Single().RawData));
        await tool.SignalAsync("INT", Patience);
        Assert.Equal(0, (await tool.WaitAsync(Patience)).ExitCode);
        Assert.Equal(files.Split(','), Directory.GetFiles(Target).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Without_watch_it_writes_once_and_ends()
    {
        var agent = await StartAgentAsync(new DevIdentity("/a"), new DevIdentity("/b"));
        var (exitCode, output, errors) = await Tool.RunAsync(agent.AddressOf("web"), Patience, "write", Target, "--identity", "spiffe://example.org/b");
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Matches("spiffe://example.org/b, until .*: wrote .*ca.crt, .*tls.key, .*tls.crt", output);
        Assert.Equal((UnixFileMode)448, File.GetUnixFileMode(Target));
    }

    [Fact]
    public async Task The_command_runs_after_each_change_without_a_shell_and_its_failure_does_not_stop_the_watch()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        var marks = Path.Combine(Folder, "marks");
        var program = Path.Combine(Folder, "mark me.sh");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\ntest -s '{Target}/tls.crt' && echo \"$1|$2\" >> '{marks}'\nexit 3\n", Patience);
        File.SetUnixFileMode(program, (UnixFileMode)448);

        await using var tool = Tool.Start(agent.AddressOf("web"), "write", Target, "--watch", "--exec", $"\"{program}\" \"two words\" $HOME;");
        await tool.ReadErrorLineAsync("ended with exit code 3", Patience);
        agent.Rotate();
        await tool.ReadErrorLineAsync("ended with exit code 3", Patience);
        Assert.Equal(["two words|$HOME;", "two words|$HOME;"], await File.ReadAllLinesAsync(marks, Patience));
    }

    [Fact]
    public async Task A_command_that_cannot_be_started_is_told_and_fails_a_single_write()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        var (exitCode, _, errors) = await Tool.RunAsync(agent.AddressOf("web"), Patience, "write", Target, "--exec", "no-such-program");
        Assert.Equal(1, exitCode);
        Assert.Contains("'no-such-program' of --exec cannot be started (the program does not exist)", errors, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Target, "tls.crt")));
    }

    [Fact]
    public async Task An_identity_that_is_taken_back_is_told_and_the_files_stay()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        await using var tool = Tool.Start(agent.AddressOf("web"), "write", Target, "--watch");
        await tool.ReadLineAsync("wrote", Patience);
        agent.Unregister("web", "/web");
        await tool.ReadLineAsync("no identity", Patience);
        Assert.Equal(3, Directory.GetFiles(Target).Length);
    }

    [Fact]
    public async Task A_watch_ends_when_nobody_reads_on()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        var (exitCode, output) = await Tool.RunInShellAsync($"write '{Target}' --watch --socket {agent.AddressOf("web")} | head -n 1", Patience);
        Assert.Equal(0, exitCode);
        Assert.Contains("wrote", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("the nearest is 'podcertificate'", "--layout", "podcert")]
    [InlineData("--exec has no command", "--exec", " ")]
    [InlineData("Required argument missing")]
    public async Task A_mistake_is_one_line_and_exit_code_2(string text, params string[] options)
    {
        var (exitCode, output, errors) = await Tool.RunAsync("unix:///nowhere.sock", Patience, ["write", .. options.Length == 0 ? [] : new[] { Target }, .. options]);
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(text, Assert.Single(errors.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Target));
    }

    private async Task WaitAsync(X509Source source, Func<X509Context, bool> isMeant)
    {
        while (true)
        {
            var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = ChangeToken.OnChange(source.GetChangeToken, () => changed.TrySetResult());
            if (source.Current is { } context && isMeant(context)) return;
            await changed.Task.WaitAsync(Patience);
        }
    }
}
