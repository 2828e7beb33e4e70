using System.Diagnostics;
using System.Runtime.Versioning;

namespace AspNetSpiffe.AgentTests;

/// <summary>aspnet-spiffe fetch x509 --write, into places that are not as they should be.</summary>
[UnsupportedOSPlatform("windows")]
[Trait("Trial", "H-20"), Trait("Spec", "EP-31")]
public sealed class WriteTests : AgentTest
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Everybody = (UnixFileMode)511;

    private string Target => Path.Combine(Folder, "pem");

    [Theory]
    [InlineData("svid.pem")]
    [InlineData("key.pem")]
    [InlineData("bundle.pem")]
    public async Task A_symbolic_link_in_the_place_of_a_file_is_refused_and_its_target_stays(string name)
    {
        var victim = Path.Combine(Folder, "victim");
        await File.WriteAllTextAsync(victim, "mine", Patience);
        Directory.CreateDirectory(Target);
        File.CreateSymbolicLink(Path.Combine(Target, name), victim);

        await AssertRefusedAsync(Target, $"{name}' is a symbolic link");
        Assert.Equal("mine", await File.ReadAllTextAsync(victim, Patience));
        Assert.Equal([name], Directory.GetFiles(Target).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_dangling_link_makes_no_file_at_its_target()
    {
        Directory.CreateDirectory(Target);
        File.CreateSymbolicLink(Path.Combine(Target, "key.pem"), Path.Combine(Folder, "elsewhere"));

        await AssertRefusedAsync(Target, "key.pem' is a symbolic link");
        Assert.False(File.Exists(Path.Combine(Folder, "elsewhere")));
    }

    [Fact]
    public async Task A_pipe_in_the_place_of_a_file_is_refused()
    {
        Directory.CreateDirectory(Target);
        await RunAsync("mkfifo", Path.Combine(Target, "key.pem"));
        await AssertRefusedAsync(Target, "key.pem' is a pipe");
    }

    [Fact]
    public async Task A_folder_in_the_place_of_a_file_is_refused()
    {
        Directory.CreateDirectory(Path.Combine(Target, "bundle.pem"));
        await AssertRefusedAsync(Target, "bundle.pem' is a directory");
    }

    [Fact]
    public async Task The_other_name_of_a_hard_link_keeps_its_content()
    {
        Directory.CreateDirectory(Target);
        var victim = Path.Combine(Folder, "victim");
        await File.WriteAllTextAsync(victim, "mine", Patience);
        await RunAsync("ln", victim, Path.Combine(Target, "svid.pem"));

        Assert.Equal((0, ""), await ResultAsync(Target));
        Assert.Equal("mine", await File.ReadAllTextAsync(victim, Patience));
        Assert.StartsWith("-----BEGIN CERT", await File.ReadAllTextAsync(Path.Combine(Target, "svid.pem"), Patience), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_in_the_place_of_one_that_others_may_read_is_read_by_its_owner_only()
    {
        Directory.CreateDirectory(Target);
        var key = Path.Combine(Target, "key.pem");
        await File.WriteAllTextAsync(key, "old", Patience);
        File.SetUnixFileMode(key, Everybody);

        Assert.Equal((0, ""), await ResultAsync(Target));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(key));
        Assert.Equal(["bundle.pem", "key.pem", "svid.pem"], Directory.GetFiles(Target).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task A_file_that_is_left_from_an_interrupted_write_is_not_in_the_way()
    {
        Directory.CreateDirectory(Target);
        var victim = Path.Combine(Folder, "victim");
        await File.WriteAllTextAsync(victim, "mine", Patience);
        File.CreateSymbolicLink(Path.Combine(Target, "key.pem.new"), victim);

        Assert.Equal((0, ""), await ResultAsync(Target));
        Assert.Equal("mine", await File.ReadAllTextAsync(victim, Patience));
    }

    [Fact]
    public async Task A_folder_that_everybody_may_write_to_is_refused()
    {
        Directory.CreateDirectory(Target);
        File.SetUnixFileMode(Target, Everybody);
        await AssertRefusedAsync(Target, $"'{Target}' is writable by everyone (mode 0777)");
        await AssertRefusedAsync(Path.Combine(Target, "below"), $"'{Target}' is writable by everyone (mode 0777)");
        Assert.Empty(Directory.GetFileSystemEntries(Target));
    }

    [Fact]
    public async Task A_sticky_folder_will_do()
    {
        Directory.CreateDirectory(Target);
        File.SetUnixFileMode(Target, Everybody | UnixFileMode.StickyBit);
        Assert.Equal((0, ""), await ResultAsync(Target));
    }

    [Fact]
    public async Task A_link_of_ours_to_a_folder_of_ours_will_do()
    {
        Directory.CreateDirectory(Target);
        File.CreateSymbolicLink(Path.Combine(Folder, "link"), Target);
        Assert.Equal((0, ""), await ResultAsync(Path.Combine(Folder, "link")));
        Assert.Equal(3, Directory.GetFiles(Target).Length);
    }

    [Fact]
    public async Task A_link_to_a_folder_that_everybody_may_write_to_is_refused()
    {
        Directory.CreateDirectory(Target);
        File.SetUnixFileMode(Target, Everybody);
        File.CreateSymbolicLink(Path.Combine(Folder, "link"), Target);
        await AssertRefusedAsync(Path.Combine(Folder, "link"), $"'{Target}' is writable by everyone");
    }

    [RootFact]
    public async Task A_folder_of_another_user_is_refused()
    {
        Directory.CreateDirectory(Target);
        await RunAsync("chown", "65534", Target);
        await AssertRefusedAsync(Target, $"'{Target}' belongs to user 65534");
    }

    [RootFact]
    public async Task A_folder_that_another_group_may_write_to_is_refused()
    {
        Directory.CreateDirectory(Target);
        File.SetUnixFileMode(Target, (UnixFileMode)504);
        await RunAsync("chgrp", "65534", Target);
        await AssertRefusedAsync(Target, $"'{Target}' is writable by group 65534 (mode 0770)");
    }

    [RootFact]
    public async Task A_link_of_another_user_is_refused_wherever_it_leads()
    {
        Directory.CreateDirectory(Target);
        var link = Path.Combine(Folder, "link");
        File.CreateSymbolicLink(link, Target);
        await RunAsync("chown", "-h", "65534", link);
        await AssertRefusedAsync(link, $"'{link}' is a symbolic link of user 65534");
        await AssertRefusedAsync(Path.Combine(link, "below"), $"'{link}' is a symbolic link of user 65534");
    }

    [RootFact]
    public async Task A_file_of_another_user_is_not_replaced()
    {
        Directory.CreateDirectory(Target);
        var file = Path.Combine(Target, "bundle.pem");
        await File.WriteAllTextAsync(file, "theirs", Patience);
        await RunAsync("chown", "65534", file);
        await AssertRefusedAsync(Target, "bundle.pem' belongs to user 65534");
        Assert.Equal("theirs", await File.ReadAllTextAsync(file, Patience));
    }

    [Theory, Trait("Trial", "O-09")]
    [InlineData("/proc", "'/proc' is not writable (no file can be created in it)")]
    [InlineData("/proc/nothing", "'/proc/nothing' cannot be created")]
    [InlineData("/dev/null", "'/dev/null' is a device, not a directory")]
    [InlineData("/dev/null/below", "'/dev/null' is a device, not a directory")]
    public async Task A_folder_that_cannot_be_written_to_is_named_with_what_is_wrong(string folder, string text) => await AssertRefusedAsync(folder, text);

    private async Task AssertRefusedAsync(string folder, string text)
    {
        var (exitCode, output, errors) = await WriteAsync(folder);
        Assert.Equal((1, ""), (exitCode, output));
        Assert.True(errors.Contains(text, StringComparison.Ordinal), errors);
    }

    private async Task<(int ExitCode, string Errors)> ResultAsync(string folder)
    {
        var (exitCode, _, errors) = await WriteAsync(folder);
        return (exitCode, errors);
    }

    private async Task<(int ExitCode, string Output, string Errors)> WriteAsync(string folder)
    {
        await using var agent = await DevAgent.StartAsync(new DevAgentOptions { Directory = Path.Combine(Folder, "agent") }.AddWorkload("web", "/web"), Patience);
        return await Tool.RunAsync(agent.AddressOf("web"), Patience, "fetch", "x509", "--write", folder);
    }

    private async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync(Patience);
        Assert.Equal(0, process.ExitCode);
    }
}
