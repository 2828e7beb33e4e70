using System.Net.Sockets;
using System.Runtime.Versioning;

namespace AspNetSpiffe.AgentTests;

/// <summary>The files that an agent makes, finds and leaves.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SocketTests : AgentTest
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact, Trait("Spec", "EP-29")]
    public async Task A_socket_belongs_to_its_owner_only()
    {
        await StartAgentAsync(new DevIdentity("/web"));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(Folder, "web.sock")));
    }

    [Fact]
    public async Task Without_a_directory_a_fresh_one_of_mode_0700_is_made_and_removed()
    {
        var agent = await StartAgentAsync(new DevAgentOptions().AddWorkload("web", "/web"));
        var folder = Path.GetDirectoryName(agent.AddressOf("web")["unix://".Length..])!;
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));

        await agent.DisposeAsync();
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task A_directory_that_was_missing_is_made_and_removed()
    {
        var folder = Path.Combine(Folder, "a", "b");
        var agent = await StartAgentAsync(new DevAgentOptions { Directory = folder }.AddWorkload("web", "/web"));
        Assert.Single((await Connect(agent).FetchX509Async(Patience)).Svids);

        await agent.StopAsync();
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task A_directory_that_was_there_stays_with_what_else_is_in_it()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "mine.txt"), "mine", Patience);
        var agent = await StartAgentAsync(new DevIdentity("/web"));

        await agent.StopAsync();
        Assert.Equal(["mine.txt"], Directory.GetFileSystemEntries(Folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_socket_on_which_nobody_listens_is_replaced()
    {
        var path = Path.Combine(Folder, "web.sock");
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(path));
            File.Move(path, path + ".kept");
        }

        File.Move(path + ".kept", path);
        Assert.True(File.Exists(path));
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        Assert.Single((await Connect(agent).FetchX509Async(Patience)).Svids);
    }

    [Fact]
    public async Task A_socket_of_another_agent_is_left_alone()
    {
        var first = await StartAgentAsync(new DevIdentity("/web"));
        var refused = await Assert.ThrowsAsync<IOException>(() => StartAgentAsync(new DevIdentity("/web")));

        Assert.Contains(Path.Combine(Folder, "web.sock"), refused.Message, StringComparison.Ordinal);
        Assert.Single((await Connect(first).FetchX509Async(Patience)).Svids);
    }

    [Fact]
    public async Task A_file_in_the_place_of_a_socket_is_left_alone()
    {
        var path = Path.Combine(Folder, "web.sock");
        await File.WriteAllTextAsync(path, "mine", Patience);
        var refused = await Assert.ThrowsAsync<IOException>(() => StartAgentAsync(new DevIdentity("/web")));

        Assert.Contains("not a socket", refused.Message, StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(path, Patience));
    }

    [Theory, Trait("Trial", "H-20")]
    [InlineData("file", "is a file, not a socket")]
    [InlineData("folder", "is a directory, not a socket")]
    [InlineData("link to a socket", "is a symbolic link, not a socket")]
    [InlineData("dangling link", "is a symbolic link, not a socket")]
    public async Task What_is_no_socket_in_the_place_of_one_is_left_alone(string what, string text)
    {
        var path = Path.Combine(Folder, "web.sock");
        var elsewhere = Path.Combine(Folder, "elsewhere.sock");
        switch (what)
        {
            case "file":
                await File.WriteAllTextAsync(path, "", Patience);
                break;
            case "folder":
                Directory.CreateDirectory(path);
                break;
            case "dangling link":
                File.CreateSymbolicLink(path, elsewhere);
                break;
            default:
                // A socket file stays behind where nobody listens.
                using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
                {
                    dead.Bind(new UnixDomainSocketEndPoint(path));
                    File.Move(path, elsewhere);
                }

                File.CreateSymbolicLink(path, elsewhere);
                break;
        }

        var before = UnixFile.Find(path);
        var refused = await Assert.ThrowsAsync<IOException>(() => StartAgentAsync(new DevIdentity("/web")));
        Assert.Contains($"'{path}' {text}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, UnixFile.Find(path));
    }

    [Fact, Trait("Trial", "H-20"), Trait("Spec", "EP-31")]
    public async Task A_folder_that_everybody_may_write_to_is_refused()
    {
        File.SetUnixFileMode(Folder, (UnixFileMode)511);
        var refused = await Assert.ThrowsAsync<IOException>(() => StartAgentAsync(new DevIdentity("/web")));
        Assert.Contains($"'{Folder}' is writable by everyone (mode 0777)", refused.Message, StringComparison.Ordinal);

        refused = await Assert.ThrowsAsync<IOException>(() => StartAgentAsync(new DevAgentOptions { Directory = Path.Combine(Folder, "below") }.AddWorkload("web", "/web")));
        Assert.Contains($"'{Folder}' is writable by everyone (mode 0777)", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
    }

    [RootFact, Trait("Trial", "H-20")]
    public async Task A_folder_of_another_user_is_refused()
    {
        using (var chown = System.Diagnostics.Process.Start("chown", ["65534", Folder])) await chown.WaitForExitAsync(Patience);
        var refused = await Assert.ThrowsAsync<IOException>(() => StartAgentAsync(new DevIdentity("/web")));
        Assert.Contains($"'{Folder}' belongs to user 65534", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
    }

    [Fact, Trait("Trial", "H-20")]
    public async Task The_runtime_says_what_a_file_is_and_whose()
    {
        await StartAgentAsync(new DevIdentity("/web"));
        var file = Path.Combine(Folder, "file");
        await File.WriteAllTextAsync(file, "", Patience);
        File.SetUnixFileMode(file, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.SetUser);
        File.CreateSymbolicLink(Path.Combine(Folder, "link"), file);

        Assert.Equal((UnixFileKind.File, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.SetUser, true), Look(file));
        Assert.Equal((UnixFileKind.Socket, OwnerOnly, true), Look(Path.Combine(Folder, "web.sock")));
        Assert.Equal(UnixFileKind.Link, UnixFile.Find(Path.Combine(Folder, "link"))?.Kind);
        Assert.Equal(UnixFileKind.Directory, UnixFile.Find(Folder)?.Kind);
        Assert.Null(UnixFile.Find(Path.Combine(Folder, "nothing")));
        Assert.Null(UnixFile.Find(Path.Combine(file, "below")));
        Assert.Equal((0u, true), (UnixFile.Find("/")?.UserId, UnixFile.Find("/tmp")?.Mode.HasFlag(UnixFileMode.StickyBit)));
    }

    [Fact]
    public async Task A_path_over_the_limit_of_Unix_sockets_is_refused_with_the_limit()
    {
        var folder = Path.Combine(Folder, new string('d', 100));
        var refused = await Assert.ThrowsAsync<IOException>(() => StartAgentAsync(new DevAgentOptions { Directory = folder }.AddWorkload("web", "/web")));

        Assert.Contains("the limit of Unix sockets is", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task A_path_of_exactly_the_limit_works()
    {
        var limit = OperatingSystem.IsLinux() ? 107 : 103;
        var folder = Path.Combine(Folder, new string('d', limit - Folder.Length - "//web.sock".Length));
        var agent = await StartAgentAsync(new DevAgentOptions { Directory = folder }.AddWorkload("web", "/web"));
        Assert.Single((await Connect(agent).FetchX509Async(Patience)).Svids);
    }

    [Fact, Trait("Spec", "EP-07")]
    public async Task An_address_escapes_what_has_a_meaning_in_a_URI()
    {
        var agent = await StartAgentAsync(new DevAgentOptions { Directory = Path.Combine(Folder, "a b%20?#") }.AddWorkload("web", "/web"));
        Assert.EndsWith("/a%20b%2520%3F%23/web.sock", agent.AddressOf("web"), StringComparison.Ordinal);
        Assert.Single((await Connect(agent).FetchX509Async(Patience)).Svids);
    }

    [Fact]
    public async Task An_agent_can_start_again_where_one_has_stopped()
    {
        for (var i = 0; i < 3; i++)
        {
            await using var agent = await DevAgent.StartAsync(new DevAgentOptions { Directory = Folder }.AddWorkload("web", "/web"), Patience);
            using var client = new AgentClient(agent.AddressOf("web"));
            Assert.Single((await client.FetchX509Async(Patience)).Svids);
        }
    }

    private static (UnixFileKind? Kind, UnixFileMode? Mode, bool? IsOurs) Look(string path) => UnixFile.Find(path) is { } found ? (found.Kind, found.Mode, found.IsOurs) : default;

    [Theory]
    [InlineData("")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    [InlineData("a b")]
    public void A_workload_whose_name_is_no_file_name_is_refused(string name) =>
        Assert.Throws<ArgumentException>(() => new DevAgentOptions().AddWorkload(name, "/web"));

    [Fact]
    public async Task Mistakes_in_the_options_are_refused_before_anything_is_made()
    {
        var folder = Path.Combine(Folder, "never");
        await Assert.ThrowsAsync<ArgumentException>(() => StartAgentAsync(new DevAgentOptions { Directory = folder }));
        await Assert.ThrowsAsync<ArgumentException>(() => StartAgentAsync(new DevAgentOptions { Directory = folder, SvidLifetime = TimeSpan.Zero }.AddWorkload("web", "/web")));
        await Assert.ThrowsAsync<ArgumentException>(() => StartAgentAsync(new DevAgentOptions { Directory = folder, JwtLifetime = TimeSpan.FromDays(366) }.AddWorkload("web", "/web")));
        Assert.Throws<ArgumentException>(() => new DevAgentOptions().AddWorkload("web", "/a").AddWorkload("web", "/b"));
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task An_unknown_workload_is_refused_with_the_names_of_the_known_ones()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        Assert.Contains("'web'", Assert.Throws<ArgumentException>(() => agent.AddressOf("wep")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => agent.Rotate("wep"));
        Assert.Throws<ArgumentException>(() => agent.Register("wep", new DevIdentity("/a")));
        Assert.Throws<ArgumentException>(() => agent.Unregister("wep"));
    }
}
