using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;

namespace AspNetSpiffe;

/// <summary>Reads Kestrel's configuration for settings that contradict the modes of its endpoints.</summary>
internal static class KestrelSection
{
    private const string Mode = "ClientCertificateMode";
    private const string Certificate = "Certificate";

    /// <param name="kestrel">The section.</param>
    /// <param name="modes">The modes of its endpoints.</param>
    /// <param name="showsDefault">Whether an endpoint in code may present the default certificate.</param>
    /// <exception cref="InvalidOperationException">A setting would accept clients that the mode rejects, request their certificates too late or without effect, or set a certificate that is not presented.</exception>
    public static void ThrowIfConflicting(IConfiguration? kestrel, EndpointModes modes, bool showsDefault)
    {
        if (kestrel is null) return;
        foreach (var endpoint in kestrel.GetSection(EndpointModes.Section).GetChildren()) ThrowIfConflicting(endpoint, modes.Of(endpoint.Key));
        foreach (var other in kestrel.GetChildren().Where(section => !IsNamed(section, EndpointModes.Section)))
            foreach (var section in IsNamed(other, Mode) ? [other] : Find(other, Mode))
                ThrowIfDisagreeing(section, SpiffeServerMode.Mutual);
        if (showsDefault || modes.Named.Values.Contains(SpiffeServerMode.WebCertificate)) return;
        if (kestrel.GetSection("Certificates:Default") is var certificate && certificate.Exists()) throw Useless(certificate);
    }

    private static void ThrowIfConflicting(IConfigurationSection endpoint, SpiffeServerMode mode)
    {
        foreach (var section in Find(endpoint, Mode)) ThrowIfDisagreeing(section, mode);
        if (mode != SpiffeServerMode.WebCertificate && Find(endpoint, Certificate).FirstOrDefault(section => section.Exists()) is { } certificate) throw Useless(certificate);
    }

    private static void ThrowIfDisagreeing(IConfigurationSection section, SpiffeServerMode mode)
    {
        if (!Enum.TryParse<ClientCertificateMode>(section.Value, ignoreCase: true, out var setting) || mode.AgreesWith(setting)) return;
        throw new InvalidOperationException(mode == SpiffeServerMode.Mutual
            ? $"The configuration key '{section.Path}' is '{section.Value}', so clients without a certificate would be accepted, but UseSpiffeMtls() requires " +
              "an SVID of every client. Remove the key, or use a separate plain-http endpoint for callers without an SVID, or an https endpoint with a mode in 'Spiffe:Endpoints'."
            : $"The configuration key '{section.Path}' is '{section.Value}', but the endpoint has the mode {mode} in 'Spiffe:Endpoints'. Remove the key: the mode determines it.");
    }

    private static InvalidOperationException Useless(IConfigurationSection certificate) => new(
        $"The configuration key '{certificate.Path}' names a certificate, but UseSpiffeMtls() serves this workload's SVID on every https endpoint. Remove the key; or, to present it on an " +
        "endpoint of the configuration, set its mode to WebCertificate in 'Spiffe:Endpoints'; or, to use " +
        "SPIFFE on some endpoints only, call builder.Services.AddSpiffeServer() instead of UseSpiffeMtls() and listenOptions.UseSpiffe() on those.");

    private static IEnumerable<IConfigurationSection> Find(IConfiguration section, string key) =>
        section.GetChildren().SelectMany(child => IsNamed(child, key) ? [child] : Find(child, key));

    private static bool IsNamed(IConfigurationSection section, string key) => string.Equals(section.Key, key, StringComparison.OrdinalIgnoreCase);
}
