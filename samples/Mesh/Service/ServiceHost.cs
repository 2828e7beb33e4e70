using Mesh.Service.Api;
using Mesh.Service.Egress;
using Mesh.Service.Registering;
using Microsoft.AspNetCore.Authorization;

namespace Mesh.Service;

/// <summary>One service of the mesh: its API for the others, and its egress for its own user.</summary>
internal static class ServiceHost
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(1.5);

    public static WebApplication Build(ServiceOptions options)
    {
        options.RequireValid();
        var listeners = new Listeners(options);
        var builder = WebApplication.CreateSlimBuilder();
        options.Logging(builder.Logging);

        // Failures of forwarded calls are logged by HttpEgress.
        builder.Logging.AddFilter("Yarp", LogLevel.None);
        builder.WebHost.UseSockets(static sockets => sockets.CreateBoundListenSocket = SocketFile.Bind);
        builder.WebHost.ConfigureKestrel(listeners.Configure);

        // Mutual TLS on the one https endpoint, and only members of our own trust domain.
        builder.WebHost.UseSpiffeMtls(static server => server.AllowedPeers = null);
        AddServices(builder.Services, options, listeners);

        var app = builder.Build();
        app.Lifetime.ApplicationStarted.Register(() => app.Logger.LogInformation(Events.Listening, "{Listeners}", listeners));
        UseEgressAndApi(app);
        return app;
    }

    private static void AddServices(IServiceCollection services, ServiceOptions options, Listeners listeners)
    {
        services.AddSpiffe(options.Identity);
        services.AddSingleton(options);
        services.AddSingleton(listeners);
        services.Configure<HostOptions>(static host => host.ShutdownTimeout = StopTimeout);

        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireSpiffe("spiffe:any").Build())
            .AddPolicy(Door.Policy, static policy => policy.RequireAssertion(static context => context.Resource is HttpContext http && Door.Of(http) is not null));
        services.AddProblemDetails();
        services.AddGrpc();
        services.AddGrpcReflection();
        services.AddHttpForwarder();

        services.AddSingleton<RequestLog>().AddSingleton<HttpEgress>().AddSingleton<EgressClients>().AddSingleton<Tunnel>();
        services.AddSingleton<OwnName>().AddHostedService(static all => all.GetRequiredService<OwnName>());
        services.AddHostedService<RegistryLease>();
    }

    private static void UseEgressAndApi(WebApplication app)
    {
        app.Use(app.Services.GetRequiredService<RequestLog>().InvokeAsync);
        app.UseExceptionHandler();

        // Before routing, because forwarded requests have the paths of other services.
        app.Use(app.Services.GetRequiredService<HttpEgress>().InvokeAsync);
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();

        app.MapHello();
        app.MapGrpcService<GreeterService>();
        app.MapGrpcService<EndpointService>();

        // Reflection is available to all clients that may connect: members of the mesh, and our own user.
        app.MapGrpcReflectionService().AllowAnonymous();
    }
}
