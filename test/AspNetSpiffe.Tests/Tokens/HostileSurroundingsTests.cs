using System.Diagnostics.Metrics;
using System.Net;
using AspNetSpiffe.Tests.Kestrel;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Tokens;

/// <summary>Log providers and meter listeners that throw or block change nothing for whoever sends a token.</summary>
public sealed class HostileSurroundingsTests(ITestOutputHelper output) : TokenTest(output)
{
    [Theory, Trait("Trial", "H-01")]
    [InlineData(Fault.Throws)]
    [InlineData(Fault.Blocks)]
    public async Task Tokens_are_judged_as_ever(Fault fault)
    {
        using var foreign = new ForeignCode(fault);
        var builder = Builder(("urls", "http://127.0.0.1:0"));
        builder.Logging.ClearProviders().AddProvider(foreign).AddProvider(Logs);
        AddTokens(builder, null);
        AllowWarning("ListenerFailed");
        var server = await StartAsync(builder, app => app.MapGet("/user", Describe).RequireAuthorization());
        foreign.Listen(server.Services.GetRequiredService<IMeterFactory>());
        var token = await TokenAsync();
        using var client = PlainClient(server);

        foreign.Begin();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/user", Forge(token)));
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/user", token));
        }

        while (foreign.Calls == 0) Timeout.ThrowIfCancellationRequested();
        if (fault == Fault.Throws) await WaitForAsync("TokenRefused", Timeout, times: 3);
    }
}
