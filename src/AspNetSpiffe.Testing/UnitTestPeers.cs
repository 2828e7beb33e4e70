using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe;

/// <summary>Callers without a host: an authority per trust domain, and the authentication handler with the services that it needs. Thread-safe.</summary>
internal static class UnitTestPeers
{
    private static readonly ConcurrentDictionary<TrustDomain, DevCertificateAuthority> Authorities = new();
    private static readonly ServiceProvider Services = AddHandler(new ServiceCollection()).BuildServiceProvider();

    /// <summary>Issues an SVID, and verifies it.</summary>
    public static SpiffePeer Issue(SpiffeId id)
    {
        var authority = Authorities.GetOrAdd(id.TrustDomain, static trustDomain => new(trustDomain));
        var leaf = authority.IssueX509Svid(id, TimeSpan.FromHours(1));
        var bundles = new X509BundleSet([new X509Bundle(id.TrustDomain, [authority.Root])]);
        return X509SvidVerifier.Verify(leaf, [authority.Intermediate], bundles, PeerRole.Client, TimeProvider.System.GetUtcNow()).Peer
            ?? throw new InvalidOperationException($"The SVID of '{id}' that was issued for this test does not verify. Check whether the clock of this machine was changed.");
    }

    /// <summary>Creates the user of a request over a connection with a peer.</summary>
    public static ClaimsPrincipal Authenticate(SpiffePeer peer)
    {
        using var scope = Services.CreateScope();
        var request = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        request.Features.Set<ISpiffePeerFeature>(new VerifiedPeer(peer));

        // Completes synchronously: there are no events of an application.
        var result = request.AuthenticateAsync(SpiffeAuthenticationDefaults.AuthenticationScheme).GetAwaiter().GetResult();
        return result.Principal ?? throw new InvalidOperationException($"The scheme '{SpiffeAuthenticationDefaults.AuthenticationScheme}' did not authenticate '{peer.Id}'.", result.Failure);
    }

    private static IServiceCollection AddHandler(IServiceCollection services)
    {
        services.AddSingleton(TimeProvider.System).AddLogging().AddAuthenticationCore();
        new AuthenticationBuilder(services).AddSpiffe();
        return services;
    }
}
