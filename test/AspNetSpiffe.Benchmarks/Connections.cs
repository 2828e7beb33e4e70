using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Benchmarks;

/// <summary>A server with thousands of open connections, each with a verified peer, looks at all of them again: real sockets, real TLS.</summary>
internal static class Connections
{
    private const int Times = 20;

    public static async Task<int> RunAsync(int count)
    {
        var options = new DevAgentOptions { TrustDomain = TrustDomain.Parse("example.org") };
        options.AddWorkload("server", "/server");
        options.AddWorkload("client", "/client");
        await using var agent = await DevAgent.StartAsync(options);
        await using var server = await StartServerAsync(agent.AddressOf("server"));
        var port = new Uri(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;

        // In a process of their own, for both ends would need twice the files that one may open.
        using var clients = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, Arguments(agent.AddressOf("client"), port, count)) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        if (await clients.StandardOutput.ReadLineAsync() != "open") throw new InvalidOperationException("The clients could not open their connections.");

        Measure(server.Services.GetRequiredService<PeerConnectionRegistry>());
        clients.StandardInput.Close();
        await clients.WaitForExitAsync();
        return clients.ExitCode;
    }

    /// <summary>Opens connections, and holds them until the end of the standard input.</summary>
    public static async Task<int> OpenAsync(string address, int port, int count)
    {
        await using var source = await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = address });
        var tls = new SpiffeTls(source, SpiffeIdPattern.Parse("spiffe://example.org/server"));
        var open = new List<SslStream>(count);
        for (var i = 0; i < count; i++) open.Add(await ConnectAsync(tls, port));

        Console.WriteLine("open");
        while (await Console.In.ReadLineAsync() is not null)
        {
        }

        foreach (var connection in open) await connection.DisposeAsync();
        return 0;
    }

    private static void Measure(PeerConnectionRegistry registry)
    {
        var milliseconds = new double[Times];
        for (var i = 0; i < Times; i++)
        {
            var begin = Stopwatch.GetTimestamp();
            registry.Check();
            milliseconds[i] = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        }

        Console.WriteLine(FormattableString.Invariant(
            $"{registry.Count:N0} connections, looked at {Times} times: first {milliseconds[0]:0.00} ms, median {milliseconds.Order().ElementAt(Times / 2):0.00} ms, longest {milliseconds.Max():0.00} ms"));
    }

    private static async Task<WebApplication> StartServerAsync(string agent)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection([new("Spiffe:EndpointSocket", agent), new("urls", "https://127.0.0.1:0")]);
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.KeepAliveTimeout = kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromHours(1));
        builder.WebHost.UseSpiffeMtls();
        var app = builder.Build();
        await app.StartAsync();
        return app;
    }

    private static async Task<SslStream> ConnectAsync(SpiffeTls tls, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        var options = new SslClientAuthenticationOptions { TargetHost = "localhost", ApplicationProtocols = [SslApplicationProtocol.Http2] };
        tls.Configure(options);
        await stream.AuthenticateAsClientAsync(options);

        // Kestrel registers a connection with its handshake; HTTP/2 keeps it open without a request.
        await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"u8.ToArray());
        return stream;
    }

    private static string[] Arguments(string address, int port, int count)
    {
        string[] arguments = ["clients", address, port.ToString(CultureInfo.InvariantCulture), count.ToString(CultureInfo.InvariantCulture)];
        return Environment.GetCommandLineArgs()[0] is var program && program.EndsWith(".dll", StringComparison.Ordinal) && Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [program, .. arguments] : arguments;
    }
}
