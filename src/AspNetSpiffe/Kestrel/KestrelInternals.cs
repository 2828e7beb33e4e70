using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace AspNetSpiffe;

/// <summary>Accesses non-public members of Kestrel.</summary>
/// <remarks>
/// Kestrel's two defaults can be set but not read, UseHttps() requires a certificate before our configuration runs, and there is no public list of endpoints: without
/// these members, an application's settings could only be overwritten, and an endpoint without mutual TLS would not be detected. The tests KestrelFacts fail when a new version differs.
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

    /// <summary>Reads the default certificate of the configuration, without the developer certificate.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_DefaultCertificate")]
    public static extern X509Certificate2? DefaultCertificate(KestrelConfigurationLoader loader);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_DefaultCertificateChain")]
    public static extern X509Certificate2Collection? DefaultCertificateChain(KestrelConfigurationLoader loader);

    /// <summary>Reads the application's callbacks for endpoints of the configuration, one per name.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_EndpointConfigurations")]
    public static extern IDictionary<string, Action<EndpointConfiguration>> NamedEndpoints(KestrelConfigurationLoader loader);

    /// <summary>Reloads the endpoints of the configuration.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "Reload")]
    public static extern (List<ListenOptions> Stop, List<ListenOptions> Start) Reload(KestrelConfigurationLoader loader);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_HttpsOptions")]
    public static extern HttpsConnectionAdapterOptions? HttpsOptions(ListenOptions endpoint);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_HttpsCallbackOptions")]
    public static extern TlsHandshakeCallbackOptions? CallbackOptions(ListenOptions endpoint);
}
