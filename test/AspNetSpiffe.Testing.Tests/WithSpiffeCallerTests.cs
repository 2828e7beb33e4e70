using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Testing.Tests;

public sealed class WithSpiffeCallerTests
{
    private const string Cart = "spiffe://example.org/ns/shop/cart";

    [Fact, Trait("Trial", "K-08")]
    public async Task A_context_has_the_caller_that_the_test_names()
    {
        var context = new DefaultHttpContext().WithSpiffeCaller(Cart);
        Assert.Equal(Cart, context.GetRequiredSpiffeId().ToString());
        Assert.Equal(Cart, context.GetRequiredSpiffePeer().Id.ToString());
        Assert.Equal(context.GetSpiffePeer()!.Leaf, context.Connection.ClientCertificate);
        Assert.Equal(Cart, (await SpiffeCaller.BindAsync(context, null!))!.Id.ToString());
    }

    [Fact, Trait("Trial", "K-08")]
    public void The_user_of_the_context_is_what_the_authentication_handler_makes()
    {
        var user = new DefaultHttpContext().WithSpiffeCaller(Cart).User;
        var identity = user.GetSpiffeIdentity()!;
        Assert.Equal((Cart, SpiffeIdentitySource.Peer), (identity.Id.ToString(), identity.Source));
        Assert.True(identity.ValidUntil > TimeProvider.System.GetUtcNow());
        Assert.True(user.Identity is { IsAuthenticated: true, AuthenticationType: "Spiffe", Name: Cart });
        Assert.Equal("example.org", user.FindFirstValue(SpiffeClaimTypes.TrustDomain));
    }

    [Fact]
    public void The_last_caller_counts() =>
        Assert.Equal("spiffe://partner.test/a", new DefaultHttpContext().WithSpiffeCaller(Cart).WithSpiffeCaller("spiffe://partner.test/a").GetSpiffeId()?.ToString());

    [Theory]
    [InlineData("spiffe://example.org/a//b")]
    [InlineData("spiffe://example.org")]
    public void What_names_no_workload_is_an_error_of_the_call(string id) => Assert.Throws<FormatException>(() => new DefaultHttpContext().WithSpiffeCaller(id));

    [Fact]
    public async Task A_running_server_refuses_it()
    {
        await using var app = await StartAsync(host => host.UseKestrel().UseUrls("http://127.0.0.1:0"));
        using var client = new HttpClient();
        var answer = await client.GetStringAsync(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        Assert.StartsWith("WithSpiffeCaller is for unit tests, and this context belongs to a running server (KestrelServer", answer, StringComparison.Ordinal);
        Assert.EndsWith("nobody", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_server_takes_it()
    {
        await using var app = await StartAsync(host => host.UseTestServer());
        Assert.Equal(Cart, await app.GetTestClient().GetStringAsync("/"));
    }

    private static async Task<WebApplication> StartAsync(Action<IWebHostBuilder> use)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        use(builder.WebHost);
        var app = builder.Build();
        app.Run(context =>
        {
            try
            {
                return context.Response.WriteAsync($"{context.WithSpiffeCaller(Cart).GetSpiffeId()}");
            }
            catch (InvalidOperationException refusal)
            {
                return context.Response.WriteAsync($"{refusal.Message} {context.User.GetSpiffeId()?.ToString() ?? "nobody"}");
            }
        });
        await app.StartAsync();
        return app;
    }
}
