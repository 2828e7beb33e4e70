using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace AspNetSpiffe.AotApp;

/// <summary>A service that does nothing but mutual TLS: by this library, and by Kestrel alone, which is what the platform takes anyway.</summary>
internal static class LeastService
{
    public static Task RunSpiffeAsync(string[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder(settings);
        builder.WebHost.UseSpiffeMtls();
        var app = builder.Build();
        app.MapGet("/", (HttpContext http) => http.GetSpiffeId() is null ? Results.Unauthorized() : Results.Ok());
        return app.RunAsync();
    }

    /// <param name="folder">Has server.pem, server.key, and the CA of the clients, ca.pem.</param>
    /// <param name="settings">Of the host.</param>
    public static Task RunKestrelAsync(string folder, string[] settings)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificateFromFile(Path.Combine(folder, "ca.pem")));
        var certificate = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(Path.Combine(folder, "server.pem"), Path.Combine(folder, "server.key")), null, offline: true);

        var builder = WebApplication.CreateSlimBuilder(settings);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => ValueTask.FromResult(
                new SslServerAuthenticationOptions { ServerCertificateContext = certificate, ClientCertificateRequired = true, CertificateChainPolicy = policy, AllowTlsResume = false }),
        })));
        var app = builder.Build();
        app.MapGet("/", (HttpContext http) => http.Connection.ClientCertificate is null ? Results.Unauthorized() : Results.Ok());
        return app.RunAsync();
    }
}
