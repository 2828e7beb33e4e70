using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>A client that shows any certificate, and accepts any server.</summary>
internal static class TestPeer
{
    public static async Task<Meeting> CallAsync(int port, TestSvid? svid, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        await using var stream = new SslStream(new NetworkStream(socket));
        var presented = ImmutableArray<X509Certificate2>.Empty;
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = "harness",
            ClientCertificateContext = svid is null ? null : ContextOf(svid),
            RemoteCertificateValidationCallback = (_, leaf, chain, _) =>
            {
                presented = Copy(leaf, chain);
                return true;
            },
        };

        try
        {
            await stream.AuthenticateAsClientAsync(options, cancellationToken);
            using var reader = new StreamReader(stream);
            return new(await reader.ReadLineAsync(cancellationToken), presented, (IPEndPoint)socket.LocalEndPoint!);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return new(null, presented, (IPEndPoint)socket.LocalEndPoint!);
        }
    }

    public static SslStreamCertificateContext ContextOf(TestSvid svid) => SslStreamCertificateContext.Create(svid.Leaf, [.. svid.Intermediates], offline: true);

    /// <summary>Gives what a peer sent, which SslStream disposes: its leaf, then the others.</summary>
    public static ImmutableArray<X509Certificate2> Copy(X509Certificate? leaf, X509Chain? chain) =>
        leaf is null ? [] : [Copy(leaf), .. chain!.ChainPolicy.ExtraStore.Where(sent => !sent.Equals(leaf)).Select(Copy)];

    private static X509Certificate2 Copy(X509Certificate certificate) => X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
}
