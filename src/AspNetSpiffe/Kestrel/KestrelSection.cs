using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;

namespace AspNetSpiffe;

/// <summary>Reads Kestrel's configuration for settings that would let a client in without an SVID.</summary>
internal static class KestrelSection
{
    private const string Key = "ClientCertificateMode";

    /// <exception cref="InvalidOperationException">An endpoint would accept clients without a certificate, or ask for it too late.</exception>
    public static void ThrowIfAnonymous(IConfiguration? kestrel)
    {
        if (kestrel is null) return;
        foreach (var section in Modes(kestrel))
        {
            if (!Enum.TryParse<ClientCertificateMode>(section.Value, ignoreCase: true, out var mode)) continue;
            if (mode is ClientCertificateMode.AllowCertificate or ClientCertificateMode.DelayCertificate)
                throw new InvalidOperationException(
                    $"The configuration key '{section.Path}' says '{section.Value}', so clients without a certificate would be let in, but UseSpiffeMtls() requires " +
                    "an SVID of every client. Remove the key, or give callers without an SVID a plain-http endpoint of their own.");
        }
    }

    private static IEnumerable<IConfigurationSection> Modes(IConfiguration section) =>
        section.GetChildren().SelectMany(child => string.Equals(child.Key, Key, StringComparison.OrdinalIgnoreCase) ? [child] : Modes(child));
}
