using System.Runtime.InteropServices;

namespace AspNetSpiffe.Benchmarks;

/// <summary>OpenSSL itself, the one that .NET uses: a load generator must cost less than what it measures, and SslStream does not.</summary>
internal static unsafe partial class OpenSsl
{
    private const string Ssl = "libssl.so.3";
    private const string Crypto = "libcrypto.so.3";
    private const int SetLeastVersion = 123;
    private const int AddChainCertificate = 89;
    private const int Tls13 = 0x0304;

    /// <summary>Gets a context for TLS 1.3 that verifies nobody: the servers are ours.</summary>
    public static nint CreateContext()
    {
        var context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_ctrl(context, SetLeastVersion, Tls13, 0);
        return context;
    }

    public static nint ReadCertificate(ReadOnlySpan<byte> der)
    {
        fixed (byte* first = der)
        {
            var at = first;
            return d2i_X509(0, &at, der.Length);
        }
    }

    public static nint ReadKey(ReadOnlySpan<byte> pkcs8)
    {
        fixed (byte* first = pkcs8)
        {
            var at = first;
            return d2i_AutoPrivateKey(0, &at, pkcs8.Length);
        }
    }

    public static void Use(nint ssl, Peer peer)
    {
        SSL_use_certificate(ssl, peer.Leaf);
        SSL_use_PrivateKey(ssl, peer.Key);
        foreach (var intermediate in peer.Intermediates) SSL_ctrl(ssl, AddChainCertificate, 1, intermediate);
    }

    /// <summary>Gets what the other end presented, as DER.</summary>
    public static byte[] PeerLeaf(nint ssl)
    {
        var certificate = SSL_get1_peer_certificate(ssl);
        var der = new byte[i2d_X509(certificate, null)];
        fixed (byte* first = der)
        {
            var at = first;
            _ = i2d_X509(certificate, &at);
        }

        X509_free(certificate);
        return der;
    }

    [LibraryImport(Ssl)]
    public static partial nint SSL_new(nint context);

    [LibraryImport(Ssl)]
    public static partial void SSL_free(nint ssl);

    [LibraryImport(Ssl)]
    public static partial void SSL_set_fd(nint ssl, int socket);

    [LibraryImport(Ssl)]
    public static partial int SSL_connect(nint ssl);

    [LibraryImport(Ssl)]
    public static partial void SSL_set_alpn_protos(nint ssl, byte* protocols, uint length);

    [LibraryImport(Ssl)]
    public static partial int SSL_write(nint ssl, byte* bytes, int count);

    [LibraryImport(Ssl)]
    public static partial int SSL_read(nint ssl, byte* bytes, int count);

    [LibraryImport(Ssl)]
    public static partial void SSL_set_shutdown(nint ssl, int mode);

    [LibraryImport(Ssl)]
    public static partial nint SSL_get1_session(nint ssl);

    [LibraryImport(Ssl)]
    public static partial int SSL_set_session(nint ssl, nint session);

    [LibraryImport(Ssl)]
    public static partial int SSL_session_reused(nint ssl);

    [LibraryImport(Ssl)]
    public static partial void SSL_SESSION_free(nint session);

    [LibraryImport(Crypto)]
    public static partial void ERR_clear_error();

    [LibraryImport(Ssl)]
    private static partial nint TLS_client_method();

    [LibraryImport(Ssl)]
    private static partial nint SSL_CTX_new(nint method);

    [LibraryImport(Ssl)]
    private static partial nint SSL_CTX_ctrl(nint context, int command, nint number, nint pointer);

    [LibraryImport(Ssl)]
    private static partial nint SSL_ctrl(nint ssl, int command, nint number, nint pointer);

    [LibraryImport(Ssl)]
    private static partial void SSL_use_certificate(nint ssl, nint certificate);

    [LibraryImport(Ssl)]
    private static partial void SSL_use_PrivateKey(nint ssl, nint key);

    [LibraryImport(Ssl)]
    private static partial nint SSL_get1_peer_certificate(nint ssl);

    [LibraryImport(Crypto)]
    private static partial void X509_free(nint certificate);

    [LibraryImport(Crypto)]
    private static partial int i2d_X509(nint certificate, byte** target);

    [LibraryImport(Crypto)]
    private static partial nint d2i_X509(nint target, byte** bytes, nint length);

    [LibraryImport(Crypto)]
    private static partial nint d2i_AutoPrivateKey(nint target, byte** bytes, nint length);
}
