using AspNetSpiffe;
using Microsoft.AspNetCore.Http.Connections.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.SignalR.Client;

/// <summary>Adds this workload's SPIFFE identity to SignalR hub connections.</summary>
public static class SpiffeHubConnectionBuilderExtensions
{
    /// <summary>Lets the connection use mutual TLS, with our current SVID and to the expected server only, for negotiation and every transport.</summary>
    /// <param name="builder">The connection; in any order with <c>WithUrl</c>.</param>
    /// <param name="source">Our SVID and the bundles. The caller disposes it.</param>
    /// <param name="expectedServer">The expected server: an ID, or a <see cref="SpiffeIdPattern"/>.</param>
    /// <param name="configure">Changes the other settings of the connections; see <see cref="SpiffeHttpHandler.Create"/>.</param>
    /// <remarks>
    /// The server closes an open connection at the latest when the presented SVID expires; <c>WithAutomaticReconnect()</c> then reconnects with the current one.
    /// Cookies, headers, the access token, the proxy and <c>WebSocketConfiguration</c> of the options of <c>WithUrl</c> are kept. Settings that would bypass the identity fail <c>Build()</c> with an
    /// <see cref="InvalidOperationException"/>: client certificates, credentials, a custom handler or web socket factory, and an address that is not https.
    /// If the server is rejected in the negotiation, or if there is none, <c>StartAsync</c> fails with a <see cref="SpiffePeerRejectedException"/>, or with an exception that contains it.
    /// After the negotiation, a rejected server is a transport that fails: the next one is tried, and when all have failed, the reason is in the log only.
    /// </remarks>
    /// <exception cref="FormatException"><paramref name="expectedServer"/> is not a pattern; the message names the error and its position.</exception>
    /// <exception cref="InvalidOperationException">It was called before on this builder.</exception>
    /// <example><code>
    /// await using var chat = new HubConnectionBuilder().WithUrl("https://chat.example.org/hub").AddSpiffeMtls(source, "spiffe://example.org/chat").WithAutomaticReconnect().Build();
    /// </code></example>
    public static IHubConnectionBuilder AddSpiffeMtls(this IHubConnectionBuilder builder, X509Source source, string expectedServer, Action<SocketsHttpHandler>? configure = null) =>
        builder.AddSpiffeMtls(source, SpiffeIdPattern.Parse(expectedServer), configure);

    /// <inheritdoc cref="AddSpiffeMtls(IHubConnectionBuilder, X509Source, string, Action{SocketsHttpHandler}?)"/>
    public static IHubConnectionBuilder AddSpiffeMtls(this IHubConnectionBuilder builder, X509Source source, SpiffeIdPattern expectedServer, Action<SocketsHttpHandler>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(expectedServer);
        if (builder.Services.Any(static service => service.ServiceType == typeof(HubTransport))) throw new InvalidOperationException("AddSpiffeMtls() has been called on this hub connection already.");

        // Created by the connection's own services, so it is disposed with the connection.
        builder.Services.AddSingleton(_ => new HubTransport(source, expectedServer, configure));
        builder.Services.AddSingleton<IPostConfigureOptions<HttpConnectionOptions>>(static services => services.GetRequiredService<HubTransport>());
        return builder;
    }
}
