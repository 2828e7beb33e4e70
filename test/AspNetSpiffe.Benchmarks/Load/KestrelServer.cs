using System.Net;
using System.Net.Security;
using System.Security.Claims;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Certificate;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace AspNetSpiffe.Benchmarks;

/// <summary>The contenders on Kestrel, each in a process of its own: <c>server KIND FOLDER [AGENT]</c>.</summary>
internal static class KestrelServer
{
    public const string Spiffe = "spiffe", SpiffeResumable = "spiffe-resumable", ChainPolicy = "chain-policy", Resumable = "resumable", OwnChain = "own-chain", Anonymous = "anonymous", Certificate = "certificate", Constant = "constant";

    /// <summary>The end of a kind whose requests OpenTelemetry's instrumentation listens to.</summary>
    public const string Telemetry = "+otel";

    public static async Task<int> RunAsync(string kind, string folder, string agent)
    {
        var builder = CreateBuilder();
        if (kind.EndsWith(Telemetry, StringComparison.Ordinal))
        {
            kind = kind[..^Telemetry.Length];
            builder.Services.AddOpenTelemetry()
                .WithTracing(static tracing => tracing.AddAspNetCoreInstrumentation())
                .WithMetrics(static metrics => metrics.AddAspNetCoreInstrumentation());
        }

        await using var app = kind is Spiffe or SpiffeResumable ? BuildSpiffe(builder, agent, kind == SpiffeResumable) : BuildPlain(builder, kind, folder);
        await app.StartAsync();
        Console.WriteLine(new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port);

        using var questions = new Questions(app.Services);
        await questions.AnswerAsync();
        return 0;
    }

    private static WebApplication BuildSpiffe(WebApplicationBuilder builder, string agent, bool resumable)
    {
        builder.Configuration.AddInMemoryCollection([new("Spiffe:EndpointSocket", agent), new("Spiffe:AllowedPeers:0", "spiffe:any"), new("urls", "https://127.0.0.1:0")]);
        builder.WebHost.UseSpiffeMtls(options => options.AllowTlsResume = resumable);
        var app = builder.Build();
        app.MapGet("/", Answer);
        app.MapGet("/id", (RequestDelegate)(static http => http.GetRequiredSpiffeId().Path.Length > 0 ? Answer(http) : throw new InvalidOperationException()));
        app.MapGet("/trust-domain", Answer).RequireTrustDomain("example.org");
        app.MapGet("/policy", Answer).WithMetadata(new AuthorizeAttribute("spiffe://example.org/ns/shop/**"));
        return app;
    }

    private static WebApplication BuildPlain(WebApplicationBuilder builder, string kind, string folder)
    {
        var certificate = X509Certificate2.CreateFromPemFile(Path.Combine(folder, "server.pem"), Path.Combine(folder, "server.key"));
        var authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(folder, "ca.pem"));
        var context = SslStreamCertificateContext.Create(certificate, null, offline: true);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (kind == OwnChain) listen.UseHttps(https => BuildOwnChain(https, certificate, authority));
            else listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(TlsOptions(context, kind == Anonymous ? null : authority, kind == Resumable)) });
        }));
        if (kind == Certificate) AddCertificate(builder.Services, authority);
        if (kind == Constant) AddConstantTicket(builder.Services);
        var app = builder.Build();
        app.MapGet("/", Answer);
        if (kind is Certificate or Constant) app.MapGet("/policy", Answer).WithMetadata(new AuthorizeAttribute("policy"));
        return app;
    }

    // The framework's own way to know callers by their certificates, as its documentation shows it.
    private static void AddCertificate(IServiceCollection services, X509Certificate2 authority)
    {
        services.AddAuthentication(CertificateAuthenticationDefaults.AuthenticationScheme)
            .AddCertificate(options =>
            {
                options.ChainTrustValidationMode = X509ChainTrustMode.CustomRootTrust;
                options.CustomTrustStore.Add(authority);
                options.RevocationMode = X509RevocationMode.NoCheck;
            })
            .AddCertificateCache();
        services.AddAuthorizationBuilder().AddPolicy("policy", static policy => policy.RequireAssertion(static context =>
            context.User.HasClaim(static claim => claim.Type == ClaimTypes.Uri && claim.Value.StartsWith("spiffe://example.org/ns/shop/", StringComparison.Ordinal))));
    }

    private static void AddConstantTicket(IServiceCollection services)
    {
        services.AddAuthentication(Constant).AddScheme<AuthenticationSchemeOptions, ConstantTicket>(Constant, null);
        services.AddAuthorizationBuilder().AddPolicy("policy", static policy => policy.RequireAuthenticatedUser());
    }

    // The fair baseline. As with us, no sessions are resumed: every handshake is full, and nobody pays for tickets. Where they may be, SslStream keeps the SSL_CTX, which is new for each handshake otherwise.
    private static SslServerAuthenticationOptions TlsOptions(SslStreamCertificateContext context, X509Certificate2? authority, bool resumable) => new()
    {
        ServerCertificateContext = context,
        ClientCertificateRequired = authority is not null,
        CertificateChainPolicy = authority is null ? null : Policy(authority),
        AllowTlsResume = resumable,
    };

    // What samples show.
    private static void BuildOwnChain(HttpsConnectionAdapterOptions https, X509Certificate2 certificate, X509Certificate2 authority)
    {
        https.ServerCertificate = certificate;
        https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
        https.ClientCertificateValidation = (client, built, _) =>
        {
            using var chain = new X509Chain { ChainPolicy = Policy(authority) };
            chain.ChainPolicy.ExtraStore.AddRange(built!.ChainPolicy.ExtraStore);
            return chain.Build(client);
        };
        https.OnAuthenticate = (_, options) => options.AllowTlsResume = false;
    }

    private static X509ChainPolicy Policy(X509Certificate2 authority)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.Add(authority);
        return policy;
    }

    private static WebApplicationBuilder CreateBuilder()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();

        // As long as a run holds connections that say nothing.
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.KeepAliveTimeout = TimeSpan.FromHours(1));
        return builder;
    }

    private static Task Answer(HttpContext http)
    {
        http.Response.ContentLength = 0;
        return Task.CompletedTask;
    }
}
