using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>An HTTP proxy that knows CONNECT, and Basic credentials when it has some.</summary>
internal sealed class ConnectProxy() : TunnelProxy("http")
{
    /// <summary>Gets or sets what it answers instead of opening a tunnel, such as <c>502 Bad Gateway</c>.</summary>
    public string? Refusal { get; set; }

    protected override async Task<DnsEndPoint?> AskAsync(NetworkStream client, CancellationToken cancellationToken)
    {
        while (await ReadHeadAsync(client, cancellationToken) is [var request, .. var headers])
        {
            var (method, target) = request.Split(' ') is [var first, var second, ..] ? (first, second) : ("", "");
            if (method != "CONNECT") await AnswerAsync(client, "405 Method Not Allowed", cancellationToken);
            else if (Refusal is not null) await AnswerAsync(client, Refusal, cancellationToken);
            else if (IsWelcome(headers)) return new(new Uri($"tcp://{target}").IdnHost, new Uri($"tcp://{target}").Port);
            else await AnswerAsync(client, "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"proxy\"", cancellationToken);
        }

        return null;
    }

    protected override Task ConfirmAsync(NetworkStream client, CancellationToken cancellationToken) =>
        client.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), cancellationToken).AsTask();

    private static Task AnswerAsync(NetworkStream client, string status, CancellationToken cancellationToken) =>
        client.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"), cancellationToken).AsTask();

    private bool IsWelcome(string[] headers) => Credentials is not { } known
        || headers.Contains("Proxy-Authorization: Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"{known.UserName}:{known.Password}")), StringComparer.OrdinalIgnoreCase);

    private static async Task<string[]> ReadHeadAsync(NetworkStream client, CancellationToken cancellationToken)
    {
        // Byte by byte: what follows belongs to the server.
        var (head, one) = (new StringBuilder(), new byte[1]);
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await client.ReadAsync(one, cancellationToken) == 0) return [];
            head.Append((char)one[0]);
        }

        return head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
    }
}
