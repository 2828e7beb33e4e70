using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace AspNetSpiffe.ConformanceHarness;

/// <summary>Calls any verified server over mutual TLS, as a user does who speaks no HTTP.</summary>
internal sealed class Dialer(X509Source source)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly SpiffeTls _tls = new(source, SpiffeIdPattern.Any);

    /// <summary>Connects, and reads what the server says.</summary>
    /// <returns>Who the server is.</returns>
    /// <exception cref="AuthenticationException">The server was refused, or we have no SVID; the message says why.</exception>
    public async Task<SpiffeId> DialAsync(IPEndPoint server, CancellationToken cancellationToken)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellationToken);

        await using var stream = new SslStream(new NetworkStream(socket));
        var result = default(VerificationResult);
        var options = new SslClientAuthenticationOptions { TargetHost = server.Address.ToString() };
        _tls.Configure(options, server, r => result = r);
        try
        {
            await stream.AuthenticateAsClientAsync(options, cancellationToken);
        }
        catch (AuthenticationException e) when (result.Reason != RejectionReason.None)
        {
            throw new AuthenticationException($"{result.Reason}: {e.Message}", e);
        }

        // In TLS 1.3 the server looks at our certificate after our handshake is over: leaving at once would look like a refusal.
        await ReadLineAsync(stream, cancellationToken);
        return result.Id ?? throw new AuthenticationException("The handshake ended without a verified server.");
    }

    // Servers of the suite say nothing and close; one that does neither has accepted us too.
    private static async Task ReadLineAsync(SslStream stream, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        using var reader = new StreamReader(stream, leaveOpen: true);
        try
        {
            await reader.ReadLineAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Silence.
        }
    }
}
