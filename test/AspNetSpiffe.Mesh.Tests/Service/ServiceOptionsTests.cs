using System.Net;
using Mesh.Service;
using Mesh.Service.Egress;

namespace AspNetSpiffe.MeshTests;

/// <summary>What a service refuses to start with.</summary>
public sealed class ServiceOptionsTests(ITestOutputHelper output) : ServiceTest(output)
{
    [Fact]
    public async Task A_name_that_is_not_that_of_the_SPIFFE_ID_fails_the_start()
    {
        AllowWarning("HostedServiceStartupFaulted");
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(OptionsOf(A, NoRouter) with { Sni = B }));
        Assert.StartsWith($"--sni: '{B}' is not our name. This workload is {IdOfA}, so its name is {A}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_route_to_no_name_of_the_mesh_fails_the_start()
    {
        AllowWarning("HostedServiceStartupFaulted");
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(OptionsOf(A, NoRouter) with { TcpRoutes = [TcpRoute.Parse("127.0.0.2:0=deadbeef.deadbeef")] }));
        Assert.StartsWith("--tcp-egress: 'deadbeef.deadbeef' is not a name of this mesh", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("192.0.2.1")]
    [InlineData("::")]
    public void An_egress_that_other_machines_could_reach_fails_the_start(string address)
    {
        var failure = Assert.Throws<ArgumentException>(() => ServiceHost.Build(OptionsOf(A, NoRouter) with { BindIp = IPAddress.Parse(address) }));
        Assert.StartsWith($"--bind-ip: {address} is not a loopback address", failure.Message, StringComparison.Ordinal);
        failure = Assert.Throws<ArgumentException>(() => ServiceHost.Build(OptionsOf(A, NoRouter) with { TcpRoutes = [new(new IPEndPoint(IPAddress.Parse(address), 0), B)] }));
        Assert.StartsWith("--tcp-egress:", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_registry_without_TLS_fails_the_start()
    {
        var failure = Assert.Throws<ArgumentException>(() => ServiceHost.Build(OptionsOf(A, NoRouter) with { Registry = new("http://[::1]:9090") }));
        Assert.StartsWith("--registry-addr: 'http://[::1]:9090/' is not an https address", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_others_may_enter_fails_the_start()
    {
        Directory.CreateDirectory(Path.Combine(Folder, A), (UnixFileMode)0b111_101_101);
        var failure = await Assert.ThrowsAnyAsync<IOException>(() => StartAsync(OptionsOf(A, NoRouter)));
        Assert.Contains("chmod 700", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_in_use_fails_the_start_and_one_that_was_left_behind_does_not()
    {
        var first = await StartAsync(OptionsOf(A, NoRouter));
        await Assert.ThrowsAnyAsync<IOException>(() => StartAsync(OptionsOf(A, NoRouter)));
        await first.App.StopAsync(Patience);

        using (var killed = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, default))
        {
            killed.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(first.EgressSocket + ".killed"));
            File.Move(first.EgressSocket + ".killed", first.EgressSocket, overwrite: true);
        }

        Assert.True(File.Exists(first.EgressSocket));
        await StartAsync(OptionsOf(A, NoRouter));
    }

    [Theory]
    [InlineData("127.0.0.2:50075")]
    [InlineData("=service-b.example.org")]
    [InlineData("127.0.0.2=service-b.example.org")]
    [InlineData("localhost:50075=service-b.example.org")]
    [InlineData("127.0.0.2:65536=service-b.example.org")]
    [InlineData("127.0.2:50075=service-b.example.org")]
    [InlineData("[127.0.0.2]:50075=service-b.example.org")]
    [InlineData("unix:relative=service-b.example.org")]
    public void A_route_that_cannot_be_read_is_refused(string text) => Assert.Throws<FormatException>(() => TcpRoute.Parse(text));
}
