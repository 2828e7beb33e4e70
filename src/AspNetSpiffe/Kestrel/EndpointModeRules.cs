using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace AspNetSpiffe;

/// <summary>The relation between the modes of endpoints and Kestrel's settings.</summary>
internal static class EndpointModeRules
{
    /// <summary>Determines whether a setting of Kestrel is compatible with the mode: it is equivalent, or has its default value.</summary>
    public static bool AgreesWith(this SpiffeServerMode mode, ClientCertificateMode setting) => (mode, setting) is
        (_, ClientCertificateMode.NoCertificate)
        or (SpiffeServerMode.Mutual or SpiffeServerMode.WebCertificate, ClientCertificateMode.RequireCertificate)
        or (SpiffeServerMode.OptionalClientCertificate, ClientCertificateMode.AllowCertificate);

    /// <summary>Determines whether clients without a certificate are accepted.</summary>
    public static bool AdmitsAnonymous(this SpiffeServerMode mode) => mode is SpiffeServerMode.NoClientCertificate or SpiffeServerMode.OptionalClientCertificate;
}
