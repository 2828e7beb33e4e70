using System.Net;
using System.Net.Sockets;

namespace Mesh.Names.Dns;

/// <summary>A DNS server over UDP and TCP on one port.</summary>
internal sealed class DnsServer(RegistryOptions options, DnsResponder responder, ILogger<DnsServer> logger) : BackgroundService
{
    private const int Attempts = 20;

    private Socket? _udp, _tcp;

    /// <summary>Gets its address after the start.</summary>
    public IPEndPoint LocalEndPoint => (IPEndPoint)_udp!.LocalEndPoint!;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            var left = Attempts;
            while (!TryBind(last: left == 1)) left--;
        }
        catch (SocketException problem)
        {
            throw new InvalidOperationException($"DNS cannot listen on {options.Dns}: {problem.Message}. Choose another address with --dns.", problem);
        }

        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        base.Dispose();
        _udp?.Dispose();
        _tcp?.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(new DnsOverUdp(_udp!, responder, logger).RunAsync(stoppingToken), new DnsOverTcp(_tcp!, responder, options, logger).RunAsync(stoppingToken));

    // A port that is free for UDP may be in use for TCP; with port 0, try another.
    private bool TryBind(bool last)
    {
        _udp = new(options.Dns.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _tcp = new(options.Dns.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _udp.Bind(options.Dns);
            _tcp.Bind(LocalEndPoint);
            _tcp.Listen();
            return true;
        }
        catch (SocketException problem) when (problem.SocketErrorCode == SocketError.AddressAlreadyInUse && options.Dns.Port == 0 && !last)
        {
            _udp.Dispose();
            _tcp.Dispose();
            return false;
        }
    }
}
