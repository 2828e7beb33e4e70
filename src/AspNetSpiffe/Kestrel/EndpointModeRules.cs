using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace AspNetSpiffe;

/// <summary>What the modes of endpoints have in common with Kestrel's settings, and what not.</summary>
internal static class EndpointModeRules
{
    /// <summary>Determines whether a setting of Kestrel may stand beside the mode: it says the same, or nothing (which is its default).</summary>
    public static bool AgreesWith(this SpiffeServerMode mode, ClientCertificateMode setting) => (mode, setting) is
        (_, ClientCertificateMode.NoCertificate)
        or (SpiffeServerMode.Mutual or SpiffeServerMode.WebCertificate, ClientCertificateMode.RequireCertificate)
        or (SpiffeServerMode.OptionalClientCertificate, ClientCertificateMode.AllowCertificate);

    /// <summary>Determines whether a client without a certificate may connect.</summary>
    public static bool AdmitsAnonymous(this SpiffeServerMode mode) => mode is SpiffeServerMode.NoClientCertificate or SpiffeServerMode.OptionalClientCertificate;
}
