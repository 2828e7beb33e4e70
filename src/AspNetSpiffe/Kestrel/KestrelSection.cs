using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;

namespace AspNetSpiffe;

/// <summary>Reads Kestrel's configuration for settings that contradict mutual TLS with SVIDs.</summary>
internal static class KestrelSection
{
    private const string Mode = "ClientCertificateMode";
    private const string Certificate = "Certificate";

    /// <exception cref="InvalidOperationException">An endpoint would accept clients without a certificate, or ask for it too late, or has a certificate of its own.</exception>
    public static void ThrowIfConflicting(IConfiguration? kestrel)
    {
        if (kestrel is null) return;
        foreach (var section in Find(kestrel, Mode)) ThrowIfAnonymous(section);
        if (Find(kestrel.GetSection("Endpoints"), Certificate).Append(kestrel.GetSection("Certificates:Default")).FirstOrDefault(section => section.Exists()) is { } certificate)
            throw new InvalidOperationException(
                $"The configuration key '{certificate.Path}' names a certificate, but UseSpiffeMtls() serves this workload's SVID on every https endpoint. Remove the key; or, to speak " +
                "SPIFFE on some endpoints only, call builder.Services.AddSpiffeServer() instead of UseSpiffeMtls() and listenOptions.UseSpiffe() on those.");
    }

    private static void ThrowIfAnonymous(IConfigurationSection section)
    {
        if (!Enum.TryParse<ClientCertificateMode>(section.Value, ignoreCase: true, out var mode)) return;
        if (mode is ClientCertificateMode.AllowCertificate or ClientCertificateMode.DelayCertificate)
            throw new InvalidOperationException(
                $"The configuration key '{section.Path}' says '{section.Value}', so clients without a certificate would be let in, but UseSpiffeMtls() requires " +
                "an SVID of every client. Remove the key, or give callers without an SVID a plain-http endpoint of their own.");
    }

    private static IEnumerable<IConfigurationSection> Find(IConfiguration section, string key) =>
        section.GetChildren().SelectMany(child => string.Equals(child.Key, key, StringComparison.OrdinalIgnoreCase) ? [child] : Find(child, key));
}
