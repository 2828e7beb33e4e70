using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Testing.Tests;

/// <summary>A test of the application through factories as users make them, which logs to the test.</summary>
public abstract class FactoryTest(ITestOutputHelper output) : LoggedTest(output)
{
    protected const string Cart = "spiffe://example.org/ns/shop/cart";
    protected const string Ledger = "spiffe://example.org/ns/finance/ledger";
    protected const string Partner = "spiffe://partner.test/ns/shop/cart";

    private readonly List<IAsyncDisposable> _factories = [];

    public enum Server
    {
        InMemory,
        Kestrel,
    }

    protected override async ValueTask StopAsync()
    {
        foreach (var factory in _factories) await factory.DisposeAsync();
    }

    protected WebApplicationFactory<Program> Factory(Server server = Server.InMemory, Action<IWebHostBuilder>? configure = null)
    {
        var factory = new WebApplicationFactory<Program>().WithWebHostBuilder(builder =>
        {
            builder.ConfigureLogging(logging => logging.ClearProviders().AddProvider(Logs));
            configure?.Invoke(builder);
        });
        if (server == Server.Kestrel) factory.UseKestrel(0);
        _factories.Add(factory);
        return factory;
    }
}
