using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Reflection;

namespace AspNetSpiffe;

/// <summary>What the application chose for the connections of a client: asked once, checked, and given to each pool.</summary>
/// <remarks>Whatever does not concern certificates is kept, also what a later .NET adds. Whatever does is rejected, for it would have no effect.</remarks>
internal sealed class ClientSettings
{
    // What a setting means that nobody made.
    private static readonly SslClientAuthenticationOptions Unset = new();

    private readonly SocketsHttpHandler _chosen;
    private readonly SslClientAuthenticationOptions _tls;

    /// <param name="handler">What was chosen before.</param>
    /// <param name="configure">Chooses more.</param>
    /// <param name="mode">Decides what can have no effect.</param>
    /// <exception cref="InvalidOperationException">A choice that can have no effect; the message says what to do instead.</exception>
    public ClientSettings(SocketsHttpHandler handler, Action<SocketsHttpHandler>? configure, SpiffeClientMode mode = SpiffeClientMode.Mutual)
    {
        configure?.Invoke(handler);
        Handler = handler;
        if (MistakesIn(handler.SslOptions, handler.UseProxy, mode).FirstOrDefault() is { } mistake) throw new InvalidOperationException(mistake);
        _chosen = Copy(handler);
        _tls = Copy(handler.SslOptions, new SslClientAuthenticationOptions());

        // Whoever gets hold of the handler itself, and sends with it, reaches nobody.
        handler.SslOptions = new() { RemoteCertificateValidationCallback = static (_, _, _, _) => false };
    }

    /// <summary>Gets the handler that was configured. It sends nothing.</summary>
    public SocketsHttpHandler Handler { get; }

    public bool UseProxy => _chosen.UseProxy;

    // Not as it was when the client was built: a gRPC channel that balances loads sets it when it is made.
    public Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? ConnectCallback => Handler.ConnectCallback;

    public Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>>? PlaintextStreamFilter => _chosen.PlaintextStreamFilter;

    /// <summary>Creates a handler for a pool, with all that was chosen but TLS.</summary>
    public SocketsHttpHandler CreateHandler() => Copy(_chosen);

    /// <summary>Makes options for TLS with all that was chosen.</summary>
    public SslClientAuthenticationOptions CreateTlsOptions() => Copy(_tls, new SslClientAuthenticationOptions());

    private static IEnumerable<string> MistakesIn(SslClientAuthenticationOptions tls, bool useProxy, SpiffeClientMode mode)
    {
        var verified = mode == SpiffeClientMode.WebServer
            ? "the server is verified by its host name and by the roots of this system, or those of the argument 'roots'"
            : "the server is verified by its SVID, against the trust bundles. Set the expected server with its pattern";
        var shown = mode == SpiffeClientMode.NoClientCertificate
            ? "the client presents no certificate. To present its SVID, use AddSpiffeMtls or SpiffeHttpHandler.Create"
            : "the client presents its SVID. Select it with SpiffeOptions.Hint or SpiffeOptions.Identity";

        if (tls.RemoteCertificateValidationCallback is not null) yield return Refuse(nameof(tls.RemoteCertificateValidationCallback), verified);
        if (tls.CertificateChainPolicy is not null) yield return Refuse(nameof(tls.CertificateChainPolicy), verified);
        if (tls.CertificateRevocationCheckMode != Unset.CertificateRevocationCheckMode) yield return Refuse(nameof(tls.CertificateRevocationCheckMode), verified);
        if (tls.ClientCertificates is not null) yield return Refuse(nameof(tls.ClientCertificates), shown);
        if (tls.ClientCertificateContext is not null) yield return Refuse(nameof(tls.ClientCertificateContext), shown);
        if (tls.LocalCertificateSelectionCallback is not null) yield return Refuse(nameof(tls.LocalCertificateSelectionCallback), shown);
        if (tls.EncryptionPolicy != EncryptionPolicy.RequireEncryption) yield return Refuse(nameof(tls.EncryptionPolicy), "a SPIFFE client always encrypts");
        if (tls.ApplicationProtocols is not null) yield return Refuse(nameof(tls.ApplicationProtocols), "they result from the Version and VersionPolicy of each request");
        if (tls.TargetHost is not null && useProxy)
            yield return Refuse(nameof(tls.TargetHost), "in the tunnel of a proxy the name is that of the request. Set the request's Host header instead");
    }

    private static string Refuse(string setting, string instead) =>
        $"SslOptions.{setting} has no effect on a SPIFFE client: {instead}. Remove the setting where the client is configured (AddSpiffeMtls or SpiffeHttpHandler.Create).";

    private static SocketsHttpHandler Copy(SocketsHttpHandler from)
    {
        var to = Copy(from, new SocketsHttpHandler());
        foreach (var (key, value) in from.Properties) to.Properties[key] = value;
        return to;
    }

    private static T Copy<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>(T from, T to) where T : class
    {
        foreach (var property in typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance))
            if (property is { CanRead: true, CanWrite: true })
                property.SetValue(to, property.GetValue(from));
        return to;
    }
}
