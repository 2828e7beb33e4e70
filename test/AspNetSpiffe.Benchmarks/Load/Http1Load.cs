using System.Text;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Requests over HTTP/1.1 on kept connections, one after the other on each.</summary>
internal sealed class Http1Load(int port, Peer peer, string path)
{
    private readonly byte[] _request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    private readonly byte[] _answer = new byte[4096];

    public int Run(int count)
    {
        using var connection = new TlsConnection(port, peer, []);
        var failed = 0;
        for (var i = 0; i < count; i++)
        {
            connection.Write(_request);

            // Without a body, and so one read.
            var answer = _answer.AsSpan(0, connection.Read(_answer));
            if (!answer.StartsWith("HTTP/1.1 200"u8) || !answer.EndsWith("\r\n\r\n"u8)) failed++;
        }

        return failed;
    }
}
