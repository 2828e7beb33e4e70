using AspNetSpiffe;
using Microsoft.Extensions.Http;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds this workload's SPIFFE identity to HTTP clients, and to gRPC clients of the client factory.</summary>
public static partial class SpiffeHttpClientBuilderExtensions
{
    private static readonly TimeSpan DefaultHandlerLifetime = new HttpClientFactoryOptions().HandlerLifetime;

    /// <summary>Lets the client call only the expected server, over mutual TLS with our current SVID.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="expectedServer">The expected server: an ID, or a <see cref="SpiffeIdPattern"/>.</param>
    /// <param name="configure">Changes the other settings of the connections, such as cookies and proxies; see <see cref="SpiffeHttpHandler.Create"/>.</param>
    /// <exception cref="FormatException"><paramref name="expectedServer"/> is not a pattern; the message names the error and its position.</exception>
    /// <example><code>
    /// builder.Services.AddHttpClient&lt;OrdersClient&gt;().AddSpiffeMtls("spiffe://example.org/orders");
    /// </code></example>
    public static IHttpClientBuilder AddSpiffeMtls(this IHttpClientBuilder builder, string expectedServer, Action<SocketsHttpHandler>? configure = null) =>
        builder.AddSpiffeMtls(SpiffeIdPattern.Parse(expectedServer), configure);

    /// <inheritdoc cref="AddSpiffeMtls(IHttpClientBuilder, string, Action{SocketsHttpHandler}?)"/>
    /// <remarks>
    /// All clients of one name share one connection pool for as long as the host runs: the client factory's default of a new handler every two minutes is switched
    /// off. DNS changes are handled by the connection lifetime instead: connections older than two minutes take no new requests, unless <paramref name="configure"/> sets another lifetime.
    /// </remarks>
    public static IHttpClientBuilder AddSpiffeMtls(this IHttpClientBuilder builder, SpiffeIdPattern expectedServer, Action<SocketsHttpHandler>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(expectedServer);
        builder.Services.AddSpiffe();
        return builder.AddPrimaryHandler(new(nameof(AddSpiffeMtls), SpiffeClientMode.Mutual, expectedServer, null, configure, IsDefault: builder.Name is null));
    }

    /// <summary>Adds our JWT-SVID to each request of the client without an <c>Authorization</c> header (JWT-SVID §5.2). By default not over plain http, and never after a redirect.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="audience">The audience that the server accepts.</param>
    /// <param name="configure">Selects the identity, and whether plain http is allowed; see <see cref="JwtSvidHandlerOptions"/>.</param>
    /// <remarks>
    /// The token authenticates this workload, not the server. The server is authenticated by its certificate: over ordinary TLS by host name, with
    /// <see cref="AddSpiffeMtls(IHttpClientBuilder, string, Action{SocketsHttpHandler}?)"/> its SPIFFE ID.
    /// </remarks>
    /// <example><code>
    /// builder.Services.AddHttpClient&lt;OrdersClient&gt;().AddSpiffeJwt("orders");
    /// </code></example>
    public static IHttpClientBuilder AddSpiffeJwt(this IHttpClientBuilder builder, string audience, Action<JwtSvidHandlerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(audience);
        var options = new JwtSvidHandlerOptions();
        configure?.Invoke(options);
        builder.Services.AddSpiffe();
        return builder.AddHttpMessageHandler(provider => new JwtSvidHandler(provider.GetRequiredService<JwtSource>(), audience, options));
    }

    private static void MakeHandler(HttpMessageHandlerBuilder builder) => builder.Services.GetRequiredService<SpiffePrimaryHandlers>().Make(builder);

    private static void KeepHandler(HttpClientFactoryOptions options)
    {
        if (options.HandlerLifetime == DefaultHandlerLifetime) options.HandlerLifetime = Timeout.InfiniteTimeSpan;
    }

    private static IHttpClientBuilder AddPrimaryHandler(this IHttpClientBuilder builder, SpiffeClientOptions.Call call)
    {
        builder.Services.Configure<SpiffeClientOptions>(builder.Name, options => options.Calls.Add(call));
        return builder.AddPrimaryHandler();
    }

    private static IHttpClientBuilder AddPrimaryHandler(this IHttpClientBuilder builder)
    {
        builder.Services.AddSpiffeSources();
        builder.Services.AddPrimaryHandlers();
        builder.Services.Configure<HttpClientFactoryOptions>(builder.Name, options => options.HttpMessageHandlerBuilderActions.Add(MakeHandler));
        builder.Services.PostConfigure<HttpClientFactoryOptions>(builder.Name, KeepHandler);
        return builder;
    }

    // The first filter is the outermost: it sees the result of all others.
    private static void AddPrimaryHandlers(this IServiceCollection services)
    {
        if (services.Any(s => s.ServiceType == typeof(SpiffePrimaryHandlers))) return;
        services.AddSingleton<SpiffePrimaryHandlers>();
        services.Insert(0, ServiceDescriptor.Singleton<IHttpMessageHandlerBuilderFilter>(provider => provider.GetRequiredService<SpiffePrimaryHandlers>()));
    }
}
