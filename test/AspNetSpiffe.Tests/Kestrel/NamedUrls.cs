using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>The URLs that a certificate names for its issuer, its status and its revocation list, all on the loopback interface: who follows one is noted.</summary>
internal sealed class NamedUrls : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<string> _visits = [];
    private readonly Task _serving;

    public NamedUrls()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>Gets or sets what is found at the issuer's URL: what a chain lacks.</summary>
    public X509Certificate2? Issuer { get; set; }

    private IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Names the URLs in a certificate.</summary>
    public CertificateSpec In(CertificateSpec spec) => spec with
    {
        Extensions =
        [
            new X509AuthorityInformationAccessExtension([$"http://{Address}/status"], [$"http://{Address}/issuer"]),
            CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([$"http://{Address}/revoked"]),
        ],
    };

    /// <summary>Gives the paths that were asked for so far. It comes by itself, last: whoever was there before has been noted.</summary>
    public async Task<string[]> VisitsAsync(CancellationToken cancellationToken)
    {
        using var last = new TcpClient();
        await last.ConnectAsync(Address, cancellationToken);
        await last.GetStream().WriteAsync("GET /last HTTP/1.1\r\n\r\n"u8.ToArray(), cancellationToken);
        await last.GetStream().CopyToAsync(Stream.Null, cancellationToken);
        lock (_visits) return [.. _visits.Where(path => path != "last")];
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _serving;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var visitor = await _listener.AcceptTcpClientAsync();
                await AnswerAsync(visitor.GetStream());
            }
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            // The listener is closed.
        }
    }

    private async Task AnswerAsync(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        var path = (await reader.ReadLineAsync())?.Split(' ', '/')[2] ?? "a connection";
        lock (_visits) _visits.Add(path);
        while (await reader.ReadLineAsync() is { Length: > 0 })
        {
        }

        var body = path == "issuer" ? Issuer?.RawData : null;
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {(body is null ? "404 Not Found" : "200 OK")}\r\nContent-Length: {body?.Length ?? 0}\r\nConnection: close\r\n\r\n"));
        await stream.WriteAsync(body);
    }
}
