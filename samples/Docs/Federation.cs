using System.Net.Security;
using AspNetSpiffe;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Docs;

/// <summary>docs/federation.md</summary>
internal static class Federation
{
    public static void Add(WebApplicationBuilder builder)
    {
        // <fetch>
        builder.Services.AddSpiffe(options => options.Federation["partner.example"] = new()
        {
            Url = "https://partner.example/bundle.json",
            Profile = BundleEndpointProfile.HttpsWeb,
        });
        // </fetch>
    }

    public static void Publish(WebApplicationBuilder builder, int port)
    {
        // <publish>
        builder.Services.AddSpiffe();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(port, listen => listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ =>
            {
                var svid = kestrel.ApplicationServices.GetRequiredService<X509Source>().Current!.DefaultSvid;
                return ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = SslStreamCertificateContext.Create(svid.Leaf, [.. svid.Intermediates], offline: true),
                });
            },
        })));
        // </publish>
    }

    public static void Map(WebApplication app)
    {
        // <map>
        app.MapSpiffeBundle("/bundle.json");
        // </map>
    }
}
