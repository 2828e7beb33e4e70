using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The calls of AddSpiffeMtls and similar methods for one named client; with ConfigureHttpClientDefaults, for all clients.</summary>
internal sealed class SpiffeClientOptions
{
    public List<Call> Calls { get; } = [];

    /// <summary>Returns the effective call, with the settings of all calls.</summary>
    /// <exception cref="InvalidOperationException">The calls contradict each other: several servers or modes.</exception>
    public Call Require(string client)
    {
        var calls = Calls.Exists(c => !c.IsDefault) ? Calls.FindAll(c => !c.IsDefault) : Calls;
        var methods = calls.Select(c => c.Method).Distinct(StringComparer.Ordinal).ToArray();
        if (methods.Length > 1) throw new InvalidOperationException($"The HTTP client '{client}' has {string.Join(" and ", methods)}, but a client has one TLS mode. Keep one of them.");

        var servers = calls.Select(c => c.Server?.ToString()).Distinct(StringComparer.Ordinal).ToArray();
        if (servers.Length > 1)
            throw new InvalidOperationException(
                $"The HTTP client '{client}' has {methods[0]} {servers.Length} times, for '{string.Join("' and '", servers)}', but a client has one expected server. " +
                $"Keep one; to expect several servers, use one pattern: '{string.Join(',', servers)}'.");
        if (calls.Select(c => c.Roots).Distinct().Count() > 1)
            throw new InvalidOperationException($"The HTTP client '{client}' has {methods[0]} several times, with different roots. Keep one of them, with all its roots.");
        return calls[0] with { Configure = handler => calls.ForEach(c => c.Configure?.Invoke(handler)) };
    }

    /// <param name="Method">The method that was called.</param>
    /// <param name="Mode">Its mode.</param>
    /// <param name="Server">The expected server, in a mode with SPIFFE IDs of servers.</param>
    /// <param name="Roots">The trusted roots for a web server; <see langword="null"/> for those of the system.</param>
    /// <param name="Configure">Changes the other settings.</param>
    /// <param name="IsDefault">Whether the call applies to all clients.</param>
    internal sealed record Call(
        string Method, SpiffeClientMode Mode, SpiffeIdPattern? Server, X509Certificate2Collection? Roots, Action<SocketsHttpHandler>? Configure, bool IsDefault);
}
