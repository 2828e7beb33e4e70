using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Reflection;

namespace AspNetSpiffe;

/// <summary>The application's settings for the connections of a client: read once, validated, and applied to each pool.</summary>
/// <remarks>Settings that do not concern certificates are kept, including those that a later .NET adds. Settings that do are rejected, because they would have no effect.</remarks>
internal sealed class ClientSettings
{
    // The framework's defaults, to detect which settings were changed.
    private static readonly SslClientAuthenticationOptions Unset = new();

    private readonly SocketsHttpHandler _chosen;
    private readonly SslClientAuthenticationOptions _tls;

    /// <param name="handler">The previous settings.</param>
    /// <param name="configure">Changes settings.</param>
    /// <param name="mode">Determines which settings have no effect.</param>
    /// <exception cref="InvalidOperationException">A setting that would have no effect; the message says what to do instead.</exception>
    public ClientSettings(SocketsHttpHandler handler, Action<SocketsHttpHandler>? configure, SpiffeClientMode mode = SpiffeClientMode.Mutual)
    {
        configure?.Invoke(handler);
        Handler = handler;
        if (MistakesIn(handler.SslOptions, handler.UseProxy, mode).FirstOrDefault() is { } mistake) throw new InvalidOperationException(mistake);
        _chosen = Copy(handler);
        _tls = Copy(handler.SslOptions, new SslClientAuthenticationOptions());

        // The handler itself is visible to others; used directly, it rejects every server.
        handler.SslOptions = new() { RemoteCertificateValidationCallback = static (_, _, _, _) => false };
    }

    /// <summary>Gets the configured handler. It sends no requests itself.</summary>
    public SocketsHttpHandler Handler { get; }

    public bool UseProxy => _chosen.UseProxy;

    // Read each time, not once: a gRPC channel with load balancing sets it later, when it is created.
    public Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? ConnectCallback => Handler.ConnectCallback;

    public Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>>? PlaintextStreamFilter => _chosen.PlaintextStreamFilter;

    /// <summary>Creates a handler for a pool, with all settings except TLS.</summary>
    public SocketsHttpHandler CreateHandler() => Copy(_chosen);

    /// <summary>Creates TLS options with the application's settings.</summary>
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
