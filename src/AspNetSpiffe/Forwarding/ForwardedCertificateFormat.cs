namespace AspNetSpiffe;

/// <summary>The format in which a proxy forwards the certificate of its client.</summary>
public enum ForwardedCertificateFormat
{
    /// <summary>RFC 9440: <c>Client-Cert</c>, and its intermediates in <c>Client-Cert-Chain</c>.</summary>
    ClientCert,

    /// <summary>Envoy's <c>X-Forwarded-Client-Cert</c>, with <c>Cert</c> or <c>Chain</c>. It must contain one client: configure Envoy with <c>SANITIZE_SET</c>, not append.</summary>
    XForwardedClientCert,

    /// <summary>
    /// One header with a URL-encoded PEM certificate, as nginx sends it: <c>proxy_set_header X-Client-Cert $ssl_client_escaped_cert</c>. nginx sends the leaf only,
    /// so it can be verified only if it was signed by an authority of the bundle or by the issuer of our own SVIDs.
    /// </summary>
    EscapedPem,
}
