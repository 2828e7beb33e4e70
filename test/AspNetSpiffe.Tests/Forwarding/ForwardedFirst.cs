using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace AspNetSpiffe.Tests.Forwarding;

/// <summary>The middleware that believes forwarded addresses and protocols, as ASPNETCORE_FORWARDEDHEADERS_ENABLED registers it.</summary>
internal sealed class ForwardedFirst : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.UseForwardedHeaders();
        next(app);
    };
}
