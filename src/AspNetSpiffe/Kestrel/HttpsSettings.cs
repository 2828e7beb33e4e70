using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace AspNetSpiffe;

/// <summary>Applies the mode to the settings of an https endpoint. Other settings are kept; those that contradict the mode are rejected.</summary>
internal sealed class HttpsSettings
{
    private readonly Handshake _handshake;
    private readonly Func<ConnectionContext?, string?, X509Certificate2?> _selector;
    private readonly Func<X509Certificate2, X509Chain?, SslPolicyErrors, bool> _validation;

    public HttpsSettings(Handshake handshake)
    {
        _handshake = handshake;

        // Only so that Kestrel requires no other certificate: OnAuthenticate replaces it by the certificate with intermediates.
        _selector = (_, _) => handshake.Leaf;

        // OnAuthenticate requests the client's certificate, with a callback per connection. This callback is used if a reloaded configuration requests it too.
        _validation = handshake.Validate;

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Placeholder = new CertificateRequest("CN=AspNetSpiffe placeholder", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddSeconds(1));
    }

    /// <summary>Gets a certificate for endpoints that have none yet. It is never presented, and has expired.</summary>
    public X509Certificate2 Placeholder { get; }

    /// <summary>Determines whether an endpoint uses either no TLS or these settings.</summary>
    public bool AreOn(ListenOptions endpoint) =>
        (KestrelInternals.CallbackOptions(endpoint) is not { } callback || callback.OnConnectionState is Handshake || IsFromConfiguration(callback))
        && (KestrelInternals.HttpsOptions(endpoint) is not { } https || AreOn(https));

    /// <exception cref="InvalidOperationException">The endpoint has settings that contradict ours.</exception>
    public void Secure(ListenOptions endpoint)
    {
        if (KestrelInternals.CallbackOptions(endpoint) is { OnConnectionState: not Handshake } callback && !IsFromConfiguration(callback))
            throw Conflict($"{endpoint}", ["TlsHandshakeCallbackOptions (or ServerOptionsSelectionCallback)"]);
        if (KestrelInternals.HttpsOptions(endpoint) is { } https) Secure(https, $"{endpoint}");
    }

    /// <summary>Applies the mode that the endpoint already has; mutual TLS if it has none.</summary>
    /// <exception cref="InvalidOperationException">The settings contradict the mode.</exception>
    public void Secure(HttpsConnectionAdapterOptions https, string where) => Secure(https, where, ModeOf(https));

    /// <exception cref="InvalidOperationException">The settings contradict the mode.</exception>
    public void Secure(HttpsConnectionAdapterOptions https, string where, SpiffeServerMode mode)
    {
        if (ConflictsIn(https, mode).ToArray() is { Length: > 0 } conflicts) throw Conflict(where, conflicts, mode);

        if (mode == SpiffeServerMode.WebCertificate) TakeBackCertificate(https);
        else (https.ServerCertificate, https.ServerCertificateSelector) = (null, _selector);
        https.ClientCertificateMode = ClientCertificateMode.NoCertificate;
        https.ClientCertificateValidation = _validation;
        var ours = https.OnAuthenticate?.Target as Beginning;
        if (ours?.Mode != mode) https.OnAuthenticate = new Beginning(ours is null ? https.OnAuthenticate : ours.Others, _handshake, mode).Authenticate;
    }

    /// <summary>Gets the mode of an endpoint; mutual TLS if none was set.</summary>
    public static SpiffeServerMode ModeOf(HttpsConnectionAdapterOptions https) => (https.OnAuthenticate?.Target as Beginning)?.Mode ?? SpiffeServerMode.Mutual;

    // Removes the selector that was set for all endpoints before the mode of this one was known.
    private void TakeBackCertificate(HttpsConnectionAdapterOptions https)
    {
        if (https.ServerCertificate == Placeholder) https.ServerCertificate = null;
        if (https.ServerCertificateSelector == _selector) https.ServerCertificateSelector = null;
    }

    private bool AreOn(HttpsConnectionAdapterOptions https) =>
        (https.ServerCertificateSelector == _selector) == (ModeOf(https) != SpiffeServerMode.WebCertificate) && https.ServerCertificate != Placeholder
        && https.ClientCertificateValidation == _validation && https.OnAuthenticate?.Target is Beginning && https.ClientCertificateMode == ClientCertificateMode.NoCertificate;

    private IEnumerable<string> ConflictsIn(HttpsConnectionAdapterOptions https, SpiffeServerMode mode)
    {
        if (mode != SpiffeServerMode.WebCertificate)
        {
            if (https.ServerCertificate is not null && https.ServerCertificate != Placeholder) yield return nameof(https.ServerCertificate);
            if (https.ServerCertificateChain is not null) yield return nameof(https.ServerCertificateChain);
            if (https.ServerCertificateSelector is not null && https.ServerCertificateSelector != _selector) yield return nameof(https.ServerCertificateSelector);
        }

        if (!mode.AgreesWith(https.ClientCertificateMode)) yield return $"{nameof(https.ClientCertificateMode)} = {https.ClientCertificateMode}";
        if (https.ClientCertificateValidation is not null && https.ClientCertificateValidation != _validation) yield return nameof(https.ClientCertificateValidation);
        if (https.CheckCertificateRevocation) yield return nameof(https.CheckCertificateRevocation);
    }

    // Endpoints with a section Sni: created from the defaults, and so with these settings.
    private static bool IsFromConfiguration(TlsHandshakeCallbackOptions callback) =>
        callback.OnConnectionState?.GetType().FullName == "Microsoft.AspNetCore.Server.Kestrel.Core.Internal.SniOptionsSelector";

    private static InvalidOperationException Conflict(string where, string[] settings, SpiffeServerMode mode = SpiffeServerMode.Mutual) => new(
        mode == SpiffeServerMode.Mutual
            ? $"UseSpiffeMtls() serves this workload's SVID on every https endpoint and verifies every client by it, so it cannot be combined with {string.Join(", ", settings)} of '{where}'. " +
              "Remove it; or, to use SPIFFE on some endpoints only, call builder.Services.AddSpiffeServer() instead of UseSpiffeMtls() and listenOptions.UseSpiffe() on those."
            : $"The endpoint '{where}' has the mode {mode}, which cannot be combined with {string.Join(", ", settings)}. Remove it: the mode determines these settings.");

    /// <summary>Calls the application's OnAuthenticate, and then ours, which takes precedence.</summary>
    private sealed class Beginning(Action<ConnectionContext, SslServerAuthenticationOptions>? others, Handshake handshake, SpiffeServerMode mode)
    {
        public SpiffeServerMode Mode => mode;

        public Action<ConnectionContext, SslServerAuthenticationOptions>? Others => others;

        public void Authenticate(ConnectionContext connection, SslServerAuthenticationOptions options)
        {
            // Then Kestrel has passed a callback to the SslStream, which accepts only one; it calls Handshake.Validate.
            var kestrelAsks = options.ClientCertificateRequired && options.RemoteCertificateValidationCallback is null;
            others?.Invoke(connection, options);
            handshake.Begin(connection, options, mode, kestrelAsks);
        }
    }
}
