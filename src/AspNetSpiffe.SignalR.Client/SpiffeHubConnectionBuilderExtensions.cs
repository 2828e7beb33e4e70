using AspNetSpiffe;
using Microsoft.AspNetCore.Http.Connections.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.SignalR.Client;

/// <summary>Gives hub connections this workload's SPIFFE identity.</summary>
public static class SpiffeHubConnectionBuilderExtensions
{
    /// <summary>Lets the connection go over mutual TLS: with our current SVID, and only to the server that is meant. That holds for negotiation and for each transport.</summary>
    /// <param name="builder">The connection; in any order with <c>WithUrl</c>.</param>
    /// <param name="source">Our SVID and the bundles. It stays the caller's to dispose.</param>
    /// <param name="expectedServer">Who must answer: an ID, or a <see cref="SpiffeIdPattern"/>.</param>
    /// <param name="configure">Changes the other settings of the connections; see <see cref="SpiffeHttpHandler.Create"/>.</param>
    /// <remarks>
    /// An open connection lives as long as its server lets it, at most as long as the SVID that it showed; then <c>WithAutomaticReconnect()</c> comes again with the current one.
    /// Cookies, headers, the access token, the proxy and <c>WebSocketConfiguration</c> of the options of <c>WithUrl</c> stay in force. What would call without the identity fails <c>Build()</c> with an
    /// <see cref="InvalidOperationException"/>: client certificates, credentials, a handler or a factory for web sockets of one's own, and an address that is not https.
    /// A refused server ends <c>StartAsync</c> with a <see cref="SpiffePeerRejectedException"/>, or an exception that has it inside.
    /// </remarks>
    /// <exception cref="FormatException"><paramref name="expectedServer"/> is no pattern; the message names the mistake and its position.</exception>
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

        // Made by the connection's own services, it ends with the connection.
        builder.Services.AddSingleton(_ => new HubTransport(source, expectedServer, configure));
        builder.Services.AddSingleton<IPostConfigureOptions<HttpConnectionOptions>>(static services => services.GetRequiredService<HubTransport>());
        return builder;
    }
}
