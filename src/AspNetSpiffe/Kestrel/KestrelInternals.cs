using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace AspNetSpiffe;

/// <summary>What Kestrel knows of its endpoints and keeps to itself.</summary>
/// <remarks>
/// Its two defaults are single slots that can be set and not read, UseHttps() demands a certificate before we have our turn, and no list of endpoints is public: without
/// these, an application's settings could only be overwritten, and an endpoint without mutual TLS would go unnoticed. KestrelFacts fails when a new Kestrel differs.
/// </remarks>
internal static class KestrelInternals
{
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_HttpsDefaults")]
    public static extern Action<HttpsConnectionAdapterOptions> HttpsDefaults(KestrelServerOptions options);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_EndpointDefaults")]
    public static extern Action<ListenOptions> EndpointDefaults(KestrelServerOptions options);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_CodeBackedListenOptions")]
    public static extern List<ListenOptions> EndpointsOfCode(KestrelServerOptions options);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_ConfigurationBackedListenOptions")]
    public static extern List<ListenOptions> EndpointsOfConfiguration(KestrelServerOptions options);

    /// <summary>Sets the certificate of endpoints that have none; without it, Kestrel looks for a developer certificate.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_TestOverrideDefaultCertificate")]
    public static extern void SetDefaultCertificate(KestrelServerOptions options, X509Certificate2? certificate);

    /// <summary>Reads the default certificate of the configuration. One that Kestrel finds for development is none.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_DefaultCertificate")]
    public static extern X509Certificate2? DefaultCertificate(KestrelConfigurationLoader loader);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_DefaultCertificateChain")]
    public static extern X509Certificate2Collection? DefaultCertificateChain(KestrelConfigurationLoader loader);

    /// <summary>Reads what the application has said of endpoints of the configuration, by their names: one slot each.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_EndpointConfigurations")]
    public static extern IDictionary<string, Action<EndpointConfiguration>> NamedEndpoints(KestrelConfigurationLoader loader);

    /// <summary>Reads the endpoints of the configuration anew.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "Reload")]
    public static extern (List<ListenOptions> Stop, List<ListenOptions> Start) Reload(KestrelConfigurationLoader loader);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_HttpsOptions")]
    public static extern HttpsConnectionAdapterOptions? HttpsOptions(ListenOptions endpoint);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_HttpsCallbackOptions")]
    public static extern TlsHandshakeCallbackOptions? CallbackOptions(ListenOptions endpoint);
}
