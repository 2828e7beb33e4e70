using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Tests.FrameworkFacts;

/// <summary>What Kestrel 10 knows of its endpoints and keeps to itself. When one of these fails, <see cref="KestrelInternals"/> and <see cref="KestrelTlsSetup"/> need a look.</summary>
public sealed class KestrelFacts
{
    [Fact]
    public void Its_defaults_are_single_slots_that_can_be_read()
    {
        Action<HttpsConnectionAdapterOptions> https = _ => { };
        Action<ListenOptions> endpoints = _ => { };
        var options = new KestrelServerOptions();
        options.ConfigureHttpsDefaults(https);
        options.ConfigureEndpointDefaults(endpoints);
        Assert.Same(https, KestrelInternals.HttpsDefaults(options));
        Assert.Same(endpoints, KestrelInternals.EndpointDefaults(options));
    }

    [Fact]
    public async Task Its_endpoints_can_be_listed_with_their_TLS()
    {
        var (https, callback) = (new HttpsConnectionAdapterOptions(), new TlsHandshakeCallbackOptions { OnConnection = _ => default });
        await using var app = Build(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https));
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(callback));
        });
        var endpoints = KestrelInternals.EndpointsOfCode(OptionsOf(app));
        Assert.Equal([null, https, null], endpoints.Select(KestrelInternals.HttpsOptions));
        Assert.Equal([null, null, callback], endpoints.Select(KestrelInternals.CallbackOptions));
    }

    [Fact]
    public async Task UseHttps_in_code_takes_the_default_certificate_and_reads_the_configuration_early()
    {
        await using var app = Build(kestrel => kestrel.ConfigureHttpsDefaults(_ => { }), ("Kestrel:Endpoints:E:Url", "https://127.0.0.1:0"), ("Kestrel:Endpoints:E:Sni:*:Protocols", "Http1"), ("Spiffe:EndpointSocket", "unix:///nowhere"));
        var options = OptionsOf(app);
        var placeholder = app.Services.GetRequiredService<HttpsSettings>().Placeholder;
        Assert.Empty(KestrelInternals.EndpointsOfConfiguration(options));

        KestrelInternals.SetDefaultCertificate(options, placeholder);
        options.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps());
        Assert.Same(placeholder, KestrelInternals.HttpsOptions(Assert.Single(KestrelInternals.EndpointsOfCode(options)))!.ServerCertificate);

        var early = Assert.Single(KestrelInternals.EndpointsOfConfiguration(options));
        Assert.Equal("Microsoft.AspNetCore.Server.Kestrel.Core.Internal.SniOptionsSelector", KestrelInternals.CallbackOptions(early)!.OnConnectionState!.GetType().FullName);

        KestrelInternals.EndpointsOfConfiguration(options).Clear();
        KestrelInternals.Reload(options.ConfigurationLoader!);
        Assert.NotSame(early, Assert.Single(KestrelInternals.EndpointsOfConfiguration(options)));
    }

    [Fact]
    public async Task What_an_application_says_of_a_named_endpoint_is_one_slot_that_can_be_read()
    {
        Action<EndpointConfiguration> first = _ => { }, second = _ => { };
        await using var app = Build(kestrel => kestrel.ConfigurationLoader!.Endpoint("E", first).Endpoint("e", second), ("Kestrel:Endpoints:E:Url", "https://127.0.0.1:0"), ("Spiffe:EndpointSocket", "unix:///nowhere"));
        Assert.Same(second, Assert.Single(KestrelInternals.NamedEndpoints(OptionsOf(app).ConfigurationLoader!)).Value);
    }

    [Fact]
    public async Task The_default_certificate_of_the_configuration_can_be_read_and_one_for_development_is_none()
    {
        await using var app = Build(kestrel => kestrel.ConfigurationLoader!.Load(), ("Spiffe:EndpointSocket", "unix:///nowhere"));
        var loader = OptionsOf(app).ConfigurationLoader!;
        Assert.Null(KestrelInternals.DefaultCertificate(loader));
        Assert.Null(KestrelInternals.DefaultCertificateChain(loader));
    }

    [Fact]
    public void Https_has_no_settings_that_we_do_not_know() => Assert.Equal(
        [
            "CheckCertificateRevocation", "ClientCertificateMode", "ClientCertificateValidation", "HandshakeTimeout", "OnAuthenticate", "ServerCertificate",
            "ServerCertificateChain", "ServerCertificateSelector", "SslProtocols", "TlsClientHelloBytesCallback",
        ],
        typeof(HttpsConnectionAdapterOptions).GetProperties().Select(property => property.Name).Order(StringComparer.Ordinal));

    private static WebApplication Build(Action<KestrelServerOptions> configure, params (string Key, string? Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, s.Value)));
        builder.Services.AddSpiffeServer();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(configure);
        return builder.Build();
    }

    private static KestrelServerOptions OptionsOf(WebApplication app) => app.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value;
}
