using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe;

/// <summary>The server of a factory, as a caller with an identity reaches it.</summary>
internal abstract class ServerUnderTest
{
    public static ServerUnderTest Of(IServiceProvider services) => services.GetRequiredService<IServer>() switch
    {
        TestServer server => new InMemory(server, services),
        var server => new Listening(server),
    };

    /// <summary>Returns the address of https requests.</summary>
    /// <param name="address">The address of the factory's own clients.</param>
    public abstract Uri AddressFor(Uri address);

    /// <summary>Creates the handler for the requests of a caller.</summary>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The client disposes it.")]
    public abstract HttpMessageHandler Connect(X509Source caller, SpiffeId service);

    private sealed class InMemory(TestServer server, IServiceProvider services) : ServerUnderTest
    {
        public override Uri AddressFor(Uri address) => new UriBuilder(address) { Scheme = "https", Port = address.IsDefaultPort ? -1 : address.Port }.Uri;

        public override HttpMessageHandler Connect(X509Source caller, SpiffeId service) => server.CreateHandler(new InMemoryHandshake(services, caller).Complete);
    }

    private sealed class Listening(IServer server) : ServerUnderTest
    {
        public override Uri AddressFor(Uri address)
        {
            // A listener with UseSpiffe() is http in this list.
            var addresses = server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses;
            var bound = BindingAddress.Parse(addresses.FirstOrDefault(a => a.StartsWith("https:", StringComparison.OrdinalIgnoreCase)) ?? addresses.First());
            return new UriBuilder("https", bound.Host is "0.0.0.0" or "[::]" or "*" or "+" ? "localhost" : bound.Host, bound.Port).Uri;
        }

        public override HttpMessageHandler Connect(X509Source caller, SpiffeId service) => SpiffeHttpHandler.Create(caller, SpiffeIdPattern.Parse(service.ToString()), handler =>
        {
            // The client's own handlers do both, as with the test server.
            handler.AllowAutoRedirect = false;
            handler.UseCookies = false;
        });
    }
}
