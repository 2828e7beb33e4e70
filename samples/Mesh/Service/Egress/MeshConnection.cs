using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using AspNetSpiffe;

namespace Mesh.Service.Egress;

/// <summary>One connection over mutual TLS to the service with a name: the SNI is the name, and only its SPIFFE ID is accepted.</summary>
internal sealed class MeshConnection : IAsyncDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly X509Source _source;
    private readonly SpiffeTls _tls;
    private readonly X509Svid _ours;

    private MeshConnection(X509Source source, SpiffeTls tls, X509Svid ours, SslStream stream, SpiffePeer peer) => (_source, _tls, _ours, Stream, Peer) = (source, tls, ours, stream, peer);

    public SslStream Stream { get; }

    public SpiffePeer Peer { get; }

    /// <summary>Connects.</summary>
    /// <exception cref="ServerRejectedException">The server has another SPIFFE ID.</exception>
    /// <exception cref="IOException">No server responded, or not with TLS; also SocketException, AuthenticationException and TimeoutException.</exception>
    public static async Task<MeshConnection> OpenAsync(X509Source source, EndPoint address, Destination destination, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(ConnectTimeout);
        try
        {
            return await ConnectAsync(source, address, destination, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{address} did not answer within {ConnectTimeout.TotalSeconds} seconds.");
        }
    }

    /// <summary>Waits until the server is no longer trusted, and returns the reason.</summary>
    public async Task<string> WaitUntilUntrustedAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = _source.GetChangeToken().RegisterChangeCallback(static changed => ((TaskCompletionSource)changed!).TrySetResult(), changed);
            if (_tls.Recheck(Peer) is [var reason, ..]) return $"{Peer.Id} is not trusted any more: {reason}";
            if (_ours.NotAfter <= DateTimeOffset.UtcNow) return $"our own SVID, of {_ours.Id}, has expired";

            var left = (Peer.ValidUntil < _ours.NotAfter ? Peer.ValidUntil : _ours.NotAfter) - DateTimeOffset.UtcNow;
            var wait = left > LongestWait ? LongestWait : left < ShortestWait ? ShortestWait : left;
            await changed.Task.WaitAsync(wait, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    public ValueTask DisposeAsync() => Stream.DisposeAsync();

    private static async Task<MeshConnection> ConnectAsync(X509Source source, EndPoint address, Destination destination, CancellationToken cancellationToken)
    {
        var tls = new SpiffeTls(source, destination.Expected);
        var ours = source.Current?.DefaultSvid ?? throw new AuthenticationException("We have no SVID now.");
        VerificationResult verdict = default;
        var options = new SslClientAuthenticationOptions { TargetHost = destination.Name };
        tls.Configure(options, address, result => verdict = result);

        var stream = new SslStream(await MeshAddress.ConnectAsync(address, cancellationToken));
        try
        {
            await stream.AuthenticateAsClientAsync(options, cancellationToken);
            return new(source, tls, ours, stream, verdict.Peer!);
        }
        catch (AuthenticationException e) when (verdict is { Accepted: false, Reason: not RejectionReason.None })
        {
            await stream.DisposeAsync();
            throw new ServerRejectedException(destination, verdict, e);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }
}

/// <summary>The server that responded is not the expected service.</summary>
internal sealed class ServerRejectedException(Destination meant, VerificationResult verdict, Exception inner)
    : AuthenticationException($"The server was rejected: {verdict.Reason}. Under the name {meant.Name} only {meant.Id} may answer; it presented {verdict.Id?.ToString() ?? "no SPIFFE ID"}.", inner);
