using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

public static partial class SpiffeHttpClientBuilderExtensions
{
    /// <summary>Lets the client call only the expected server, without presenting a certificate: the server's SVID is verified, and TLS does not authenticate the client.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="expectedServer">The expected server: an ID, or a <see cref="SpiffeIdPattern"/>.</param>
    /// <param name="configure">Changes the other settings of the connections; see <see cref="SpiffeHttpHandler.Create"/>.</param>
    /// <remarks>
    /// Only trust bundles are needed: no identity of this workload is required, and the host waits for the first bundles only. Our SVID is not presented even if the host has one. To authenticate this
    /// workload, add <see cref="AddSpiffeJwt"/>, which requires an identity.
    /// </remarks>
    /// <exception cref="FormatException"><paramref name="expectedServer"/> is not a pattern; the message names the error and its position.</exception>
    /// <example><code>
    /// builder.Services.AddHttpClient("public").AddSpiffeTls("spiffe://example.org/catalogue");
    /// </code></example>
    public static IHttpClientBuilder AddSpiffeTls(this IHttpClientBuilder builder, string expectedServer, Action<SocketsHttpHandler>? configure = null) =>
        builder.AddSpiffeTls(SpiffeIdPattern.Parse(expectedServer), configure);

    /// <inheritdoc cref="AddSpiffeTls(IHttpClientBuilder, string, Action{SocketsHttpHandler}?)"/>
    public static IHttpClientBuilder AddSpiffeTls(this IHttpClientBuilder builder, SpiffeIdPattern expectedServer, Action<SocketsHttpHandler>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(expectedServer);
        builder.AddPrimaryHandler(new(nameof(AddSpiffeTls), SpiffeClientMode.NoClientCertificate, expectedServer, null, configure, IsDefault: builder.Name is null));
        return builder.AskAtStart();
    }

    /// <summary>Lets the client present our SVID to servers with a Web PKI certificate, which is verified by its host name. No SPIFFE ID of the server is verified.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="roots">The only trusted roots for the server; <see langword="null"/> means the roots that this system trusts.</param>
    /// <param name="configure">Changes the other settings of the connections; see <see cref="SpiffeHttpHandler.CreateMtlsToWeb"/>, which also lists what is not verified.</param>
    /// <exception cref="ArgumentException">There are no roots in <paramref name="roots"/>.</exception>
    /// <example><code>
    /// builder.Services.AddHttpClient("bank").AddSpiffeMtlsToWeb();
    /// </code></example>
    public static IHttpClientBuilder AddSpiffeMtlsToWeb(this IHttpClientBuilder builder, X509Certificate2Collection? roots = null, Action<SocketsHttpHandler>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ClientTls.RequireSome(roots);
        builder.Services.AddSpiffe();
        return builder.AddPrimaryHandler(new(nameof(AddSpiffeMtlsToWeb), SpiffeClientMode.WebServer, null, roots, configure, IsDefault: builder.Name is null));
    }

    /// <summary>Reads the TLS mode of the client from the configuration: <c>Spiffe:Clients:&lt;name of the client&gt;:Mode</c> and <c>:Server</c>.</summary>
    /// <param name="builder">The client, which has a name.</param>
    /// <param name="configure">Changes the other settings of the connections; see <see cref="SpiffeHttpHandler.Create"/>.</param>
    /// <remarks>
    /// The modes are <c>Mutual</c>, as with <see cref="AddSpiffeMtls(IHttpClientBuilder, string, Action{SocketsHttpHandler}?)"/>, which is the default;
    /// <c>NoClientCertificate</c>, as with <see cref="AddSpiffeTls(IHttpClientBuilder, string, Action{SocketsHttpHandler}?)"/>; and <c>WebServer</c>, as with
    /// <see cref="AddSpiffeMtlsToWeb"/> and the authorities that this system trusts. <c>Server</c> is the expected server of the first two. Errors fail the start; later
    /// changes are applied after a restart.
    /// </remarks>
    /// <exception cref="ArgumentException">The client has no name, or its name is not valid as a configuration key.</exception>
    /// <example><code>
    /// builder.Services.AddHttpClient("orders").AddSpiffeFromConfiguration();
    /// </code></example>
    public static IHttpClientBuilder AddSpiffeFromConfiguration(this IHttpClientBuilder builder, Action<SocketsHttpHandler>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.Name is not { Length: > 0 } name || name.Contains(':', StringComparison.Ordinal))
            throw new ArgumentException("AddSpiffeFromConfiguration() needs a client whose name can be a key of the configuration: AddHttpClient(\"orders\"), without ':'.", nameof(builder));

        builder.Services.AddClientSection(name);
        builder.Services.AddOptions<SpiffeClientOptions>(name).Configure<IServiceProvider>((options, provider) =>
        {
            var section = provider.GetRequiredKeyedService<ClientSection>(name);
            options.Calls.Add(new(nameof(AddSpiffeFromConfiguration), section.Mode, section.Server, null, configure, IsDefault: false));
        });
        return builder.AddPrimaryHandler().AskAtStart();
    }

    private static void AddClientSection(this IServiceCollection services, string client)
    {
        if (services.Any(service => service.ServiceType == typeof(ClientSection) && client.Equals(service.ServiceKey))) return;
        services.AddKeyedSingleton(client, (provider, _) => new ClientSection(client, provider.GetService<IConfiguration>()));
        services.AddSingleton<IValidateOptions<SpiffeOptions>>(provider => provider.GetRequiredKeyedService<ClientSection>(client));
        services.AddKeyedSingleton(SpiffeOptions.SectionName, ClientSection.KeysOf(client));
    }

    private static IHttpClientBuilder AskAtStart(this IHttpClientBuilder builder)
    {
        builder.Services.AddSingleton(new SpiffeClientName(builder.Name ?? ""));
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SpiffeClientsAtStart>());
        return builder;
    }
}
