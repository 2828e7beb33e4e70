using System.Security.Authentication;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Configuration.ClusterValidators;
using Yarp.ReverseProxy.Forwarder;

namespace AspNetSpiffe;

/// <summary>Rejects a configuration with a cluster that would not be called over mutual TLS with its expected server. YARP then keeps the previous configuration, or fails the start.</summary>
internal sealed class ClusterValidator(IEnumerable<IForwarderHttpClientFactory> factories) : IClusterValidator
{
    private const SslProtocols Accepted = SslProtocols.Tls12 | SslProtocols.Tls13;

    public ValueTask ValidateAsync(ClusterConfig cluster, IList<Exception> errors)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(errors);
        string[] mistakes = [.. MistakesIn(cluster.Metadata), .. MistakesIn(cluster.Destinations), .. MistakesIn(cluster.HttpClient), .. MistakesIn(cluster.HttpRequest), .. MistakesOfApplication()];
        if (mistakes.Length > 0) errors.Add(new ArgumentException($"The cluster '{cluster.ClusterId}' cannot be called with a SPIFFE identity. {string.Join(" ", mistakes)}"));
        return default;
    }

    private static IEnumerable<string> MistakesIn(IReadOnlyDictionary<string, string>? metadata)
    {
        string? mistake = null;
        try
        {
            ClusterSettings.Read(metadata);
        }
        catch (FormatException e)
        {
            mistake = e.Message;
        }

        if (mistake is not null) yield return mistake;
    }

    private static IEnumerable<string> MistakesIn(IReadOnlyDictionary<string, DestinationConfig>? destinations)
    {
        foreach (var (name, destination) in destinations ?? new Dictionary<string, DestinationConfig>())
        {
            if (!IsHttps(destination.Address)) yield return $"Destinations:{name}:Address is '{destination.Address}', and only https is called.";
            if (destination.Health is { Length: > 0 } health && !IsHttps(health)) yield return $"Destinations:{name}:Health is '{health}', and only https is called.";
        }
    }

    private static IEnumerable<string> MistakesIn(HttpClientConfig? client)
    {
        if (client?.DangerousAcceptAnyServerCertificate == true)
            yield return $"HttpClient:DangerousAcceptAnyServerCertificate has no effect: the server is verified by its SPIFFE ID. Remove it, and say in Metadata:{SpiffeClusterMetadata.SpiffeId} who is meant.";
        if (client?.SslProtocols is { } protocols && (protocols & ~Accepted) != SslProtocols.None) yield return $"HttpClient:SslProtocols is '{protocols}'. There are Tls12 and Tls13.";
        if (client?.WebProxy?.Address is { Scheme: not ("http" or "socks4" or "socks4a" or "socks5") } proxy)
            yield return $"HttpClient:WebProxy:Address is '{proxy}'. Mutual TLS goes through the tunnel of a proxy whose address begins with http, socks4, socks4a or socks5.";
    }

    private static IEnumerable<string> MistakesIn(ForwarderRequestConfig? request)
    {
        // If a lower version is allowed, HTTP/3 is not used.
        if (request is { Version.Major: >= 3, VersionPolicy: not (null or HttpVersionPolicy.RequestVersionOrLower) })
            yield return "HttpRequest:Version asks for HTTP/3 only. There are 1.1 and 2.";
    }

    private IEnumerable<string> MistakesOfApplication()
    {
        // YARP takes the last one. One before it, except YARP's own, was set by the application and would have no effect.
        var last = factories.LastOrDefault();
        if (factories.LastOrDefault(factory => factory is not ClusterClients && (factory == last || factory.GetType() != typeof(ForwarderHttpClientFactory))) is { } other)
            yield return $"A {other.GetType().Name} makes the clients in place of AddSpiffeMtls(). Remove the call that registers it (ConfigureHttpClient, or an IForwarderHttpClientFactory), " +
                "and make its settings in the argument 'configure' of AddSpiffeMtls.";
    }

    private static bool IsHttps(string address) => address.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
}
