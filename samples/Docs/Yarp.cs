using System.Diagnostics;
using System.Net;
using AspNetSpiffe;
using Yarp.ReverseProxy.Forwarder;

namespace Docs;

/// <summary>docs/how-to/yarp.md</summary>
internal static class Yarp
{
    public static void AddGateway(WebApplicationBuilder builder)
    {
        // <services>
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddSingleton<IForwarderHttpClientFactory, SpiffeForwarderFactory>();
        builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"));
        // </services>
    }
}

// <factory>
internal sealed class SpiffeForwarderFactory(X509Source source) : IForwarderHttpClientFactory
{
    public HttpMessageInvoker CreateClient(ForwarderHttpClientContext context)
    {
        var server = context.NewMetadata?.GetValueOrDefault("SpiffeId") ?? throw new InvalidOperationException($"The cluster '{context.ClusterId}' needs the metadata 'SpiffeId': who must answer.");
        return new(SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(server), static handler =>
        {
            (handler.AllowAutoRedirect, handler.AutomaticDecompression, handler.UseCookies) = (false, DecompressionMethods.None, false);
            handler.EnableMultipleHttp2Connections = true;
            handler.ActivityHeadersPropagator = new ReverseProxyPropagator(DistributedContextPropagator.Current);
        }));
    }
}
// </factory>
