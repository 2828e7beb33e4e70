using System.Net.Sockets;

namespace AspNetSpiffe.Soak;

/// <summary>What the agent process does: it serves the workloads' sockets, and asks the authority, as SPIRE's agent does. It has no keys, so a kill loses none.</summary>
internal static class Relay
{
    /// <summary>Serves until its standard input ends, so that it does not outlive the runner.</summary>
    public static async Task<int> RunAsync(string folder, IEnumerable<string> upstreams)
    {
        foreach (var upstream in upstreams) _ = ServeAsync(Listen(Path.Combine(folder, Path.GetFileName(upstream))), upstream);
        Console.WriteLine("ready");
        while (await Console.In.ReadLineAsync() is not null)
        {
        }

        return 0;
    }

    private static Socket Listen(string path)
    {
        // A killed agent leaves its sockets behind.
        File.Delete(path);
        var socket = NewSocket();
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen();
        return socket;
    }

    private static async Task ServeAsync(Socket listener, string upstream)
    {
        while (true) _ = RelayAsync(await listener.AcceptAsync(), upstream);
    }

    private static async Task RelayAsync(Socket accepted, string upstream)
    {
        await using var workload = new NetworkStream(accepted, ownsSocket: true);
        using var socket = NewSocket();
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(upstream));
        await using var authority = new NetworkStream(socket);
        await Task.WhenAny(workload.CopyToAsync(authority), authority.CopyToAsync(workload));
    }

    private static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
}
