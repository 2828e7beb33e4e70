using AspNetSpiffe;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Mesh.Authorities;

/// <summary>The authority: TLS with its own X509-SVID for workloads that have none yet, and a socket for its operator.</summary>
internal static class AuthorityHost
{
    private const int MaxMessageBytes = 64 * 1024;

    public static WebApplication Build(AuthorityOptions options)
    {
        var builder = WebApplication.CreateSlimBuilder();
        options.Logging(builder.Logging);
        builder.Services.AddSingleton(options).AddSingleton(TimeProvider.System).AddSingleton<SigningAuthorities>().AddSingleton<EnrolledWorkloads>();
        builder.Services.AddSingleton<Nonces>().AddSingleton<ReportVerifier>().AddSingleton<OwnIdentity>();
        builder.Services.AddSpiffeServer().AddOptions<SpiffeOptions>().Configure<OwnIdentity>(static (spiffe, own) => spiffe.Provider = own.WatchAsync);
        builder.Services.AddGrpc(static grpc => grpc.MaxReceiveMessageSize = MaxMessageBytes);

        PrivateFolder.Make(options.Folder);
        File.Delete(options.OperatorSocket);
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(options.Listen, static listen =>
            {
                listen.Protocols = HttpProtocols.Http2;

                // For workloads without an identity: the report identifies them.
                listen.UseSpiffe(SpiffeServerMode.NoClientCertificate);
            });
            kestrel.ListenUnixSocket(options.OperatorSocket, static listen => listen.Use(static next => connection =>
            {
                connection.Features.Set(new OperatorConnection());
                return next(connection);
            }));
        });

        var app = builder.Build();
        app.MapGrpcService<AuthorityService>();
        app.MapOperator();
        app.Lifetime.ApplicationStarted.Register(() => app.Logger.LogInformation("listening: {Addresses}", string.Join(' ', app.Urls)));
        return app;
    }
}
