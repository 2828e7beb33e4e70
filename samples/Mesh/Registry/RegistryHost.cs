using Mesh.Names.Dns;

namespace Mesh.Names;

/// <summary>The registry: mutual TLS for services of the trust domain, and DNS for every client that can reach it.</summary>
internal static class RegistryHost
{
    private const int MaxMessageBytes = 16 * 1024;

    public static WebApplication Build(RegistryOptions options)
    {
        var builder = WebApplication.CreateSlimBuilder();
        options.Logging(builder.Logging);
        var members = $"{options.TrustDomain.Id}/**";
        builder.WebHost.UseKestrelHttpsConfiguration().UseUrls($"https://{options.Bind}").UseSpiffeMtls(server => server.AllowedPeers = [members]);
        builder.Services.AddSpiffe(spiffe =>
        {
            spiffe.Identity = MeshName.RegistryOf(options.TrustDomain).ToString();
            options.Identity(spiffe);
        });
        builder.Services.AddGrpc(static grpc => grpc.MaxReceiveMessageSize = MaxMessageBytes);
        builder.Services.AddSingleton(options).AddSingleton<Leases>().AddSingleton<Registrations>();
        builder.Services.AddSingleton<Zone>().AddSingleton<DnsResponder>().AddSingleton<DnsServer>();
        builder.Services.AddHostedService(static services => services.GetRequiredService<DnsServer>()).AddHostedService<LeaseEnds>();
        builder.Services.Configure<HostOptions>(static host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));

        var app = builder.Build();
        app.UseRequestLog();
        app.MapGrpcService<RegistryService>().RequireAuthorization(members);
        app.MapRegistry().RequireAuthorization(members);
        app.Lifetime.ApplicationStarted.Register(() => app.Logger.LogInformation(
            "listening: {Addresses} dns: {Dns}", string.Join(' ', app.Urls), app.Services.GetRequiredService<DnsServer>().LocalEndPoint));
        return app;
    }
}
