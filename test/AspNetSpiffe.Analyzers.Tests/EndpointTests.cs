extern alias analyzers;

using analyzers::AspNetSpiffe.Analyzers;

namespace AspNetSpiffe.Analyzers.Tests;

/// <summary>ASPS004 and ASPS007: what the library refuses as HttpsSettingsTests show, and nothing that it takes.</summary>
public sealed class EndpointTests : RuleTest<EndpointAnalyzer>
{
    private const string Spiffe = "builder.WebHost.UseSpiffeMtls();";

    [Theory]
    [InlineData("""listen.{|ASPS004:UseHttps|}(certificate)""")]
    [InlineData("""listen.{|ASPS004:UseHttps|}("server.pfx")""")]
    [InlineData("""listen.{|ASPS004:UseHttps|}("server.pfx", "password")""")]
    [InlineData("""listen.{|ASPS004:UseHttps|}(StoreName.My, "localhost")""")]
    [InlineData("""listen.{|ASPS004:UseHttps|}(https => https.ServerCertificate = certificate)""")]
    [InlineData("""listen.{|ASPS004:UseHttps|}(https => { https.ServerCertificateSelector = (_, _) => certificate; })""")]
    [InlineData("""listen.{|ASPS004:UseHttps|}(https => https.ServerCertificateChain = [certificate])""")]
    [InlineData("""listen.{|ASPS004:UseHttps|}(https => https.ClientCertificateMode = ClientCertificateMode.AllowCertificate)""")]
    [InlineData("""listen.{|ASPS004:UseHttps|}(https => https.ClientCertificateValidation = (_, _, _) => true)""")]
    [InlineData("""listen.{|ASPS004:UseHttps|}(https => https.CheckCertificateRevocation = true)""")]
    [InlineData("""listen.{|ASPS004:UseHttps|}(new HttpsConnectionAdapterOptions { ServerCertificate = certificate })""")]
    [InlineData("""listen.{|ASPS004:UseHttps|}(new TlsHandshakeCallbackOptions())""")]
    public async Task Settings_that_contradict_mutual_TLS_are_found(string call)
    {
        await VerifyAsync(Program($"{Spiffe} {Listening(call)}"));
        await VerifyAsync(Program($"{Listening(call)} {Spiffe}"));
    }

    [Theory]
    [InlineData("builder.WebHost.UseSpiffeMtls().ConfigureKestrel(kestrel => kestrel.ListenAnyIP(8443, listen => listen.{|ASPS004:UseHttps|}(certificate)));")]
    [InlineData("builder.Services.Configure<KestrelServerOptions>(kestrel => { kestrel.ListenLocalhost(8443, listen => { listen.{|ASPS004:UseHttps|}(certificate); }); }); builder.WebHost.UseSpiffeMtls();")]
    [InlineData("Host.CreateDefaultBuilder().ConfigureWebHostDefaults(web => web.UseSpiffeMtls().UseKestrel(kestrel => kestrel.ListenAnyIP(8443, listen => listen.{|ASPS004:UseHttps|}(certificate))));")]
    [InlineData("if (args.Length > 0) { builder.WebHost.UseSpiffeMtls(); builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(8443, listen => listen.{|ASPS004:UseHttps|}(certificate))); }")]
    [InlineData("builder.Services.AddSingleton<Func<int>>(() => { return 1; }); builder.WebHost.UseSpiffeMtls(); builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(8443, listen => listen.{|ASPS004:UseHttps|}(certificate)));")]
    public Task They_are_found_however_the_host_is_built(string statements) => VerifyAsync(Program(statements));

    [Theory]
    [InlineData("listen.UseHttps()")]
    [InlineData("listen.UseHttps(https => https.SslProtocols = System.Security.Authentication.SslProtocols.Tls13)")]
    [InlineData("listen.UseHttps(https => https.ClientCertificateMode = ClientCertificateMode.RequireCertificate)")]
    [InlineData("listen.UseHttps(https => { https.ServerCertificate = null; https.CheckCertificateRevocation = false; })")]
    [InlineData("listen.UseHttps(https => https.ServerCertificate = args.Length > 0 ? certificate : null)")]
    [InlineData("listen.UseHttps(https => https.ServerCertificate = Perhaps())")]
    [InlineData("listen.UseHttps(https => { if (args.Length > 0) https.ServerCertificate = certificate; })")]
    [InlineData("listen.UseHttps(https => { if (args.Length > 0) return; https.ServerCertificate = certificate; })")]
    [InlineData("listen.UseHttps(https => { https.ServerCertificate = certificate; https.ServerCertificate = null; })")]
    [InlineData("listen.UseHttps(_ => new HttpsConnectionAdapterOptions().ServerCertificate = certificate)")]
    [InlineData("listen.UseSpiffe(SpiffeServerMode.WebCertificate, https => https.ServerCertificate = certificate)")]
    [InlineData("listen.UseSpiffe()")]
    public Task What_the_library_takes_is_let_alone(string call) => VerifyAsync(Program($"{Spiffe} {Listening(call)}"));

    [Theory]
    [InlineData("listen.UseHttps(https => https.ServerCertificate = null)")]
    [InlineData("listen.{|ASPS004:UseHttps|}(https => https.ServerCertificate = certificate)")]
    public Task So_it_is_where_the_compiler_does_not_follow_nulls(string call) => VerifyAsync($"#nullable disable\n{Program($"{Spiffe} {Listening(call)}")}");

    [Theory]
    [InlineData("builder.Services.AddSpiffeServer(); LISTEN")]
    [InlineData("if (args.Length > 0) builder.WebHost.UseSpiffeMtls(); else LISTEN")]
    [InlineData("if (args.Length > 0) builder.WebHost.UseSpiffeMtls(); LISTEN")]
    [InlineData("builder.WebHost.UseSpiffeMtls(); if (args.Length > 0) LISTEN")]
    [InlineData("if (args.Length > 0) return; builder.WebHost.UseSpiffeMtls(); LISTEN")]
    [InlineData("_ = args.Length > 0 ? builder.WebHost.UseSpiffeMtls() : builder.WebHost; LISTEN")]
    [InlineData("var other = WebApplication.CreateBuilder(); other.WebHost.UseSpiffeMtls(); LISTEN")]
    [InlineData("builder.WebHost.UseSpiffeMtls(); builder.WebHost.ConfigureKestrel(kestrel => { if (args.Length > 0) return; kestrel.ListenAnyIP(8443, listen => listen.UseHttps(certificate)); });")]
    [InlineData("builder.WebHost.UseSpiffeMtls(); Later(() => LISTEN_)")]
    [InlineData("Mutual(); LISTEN void Mutual() => builder.WebHost.UseSpiffeMtls();")]
    [InlineData("builder.WebHost.UseSpiffeMtls(); builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = certificate));")]
    public Task Where_the_two_may_not_meet_nothing_is_said(string statements) =>
        VerifyAsync(Program(statements.Replace("LISTEN_)", Listening("listen.UseHttps(certificate)").TrimEnd(';') + ");", StringComparison.Ordinal).Replace("LISTEN", Listening("listen.UseHttps(certificate)"), StringComparison.Ordinal)));

    [Fact]
    public Task The_message_names_the_setting_and_says_what_to_do() => VerifyAsync(
        Program($"{Spiffe} {Listening("listen.{|#0:UseHttps|}(certificate, https => https.CheckCertificateRevocation = true)")}"),
        "ASPS004",
        "UseSpiffeMtls() serves this workload's SVID on every https endpoint and verifies every client by it, so it cannot be combined with CheckCertificateRevocation, ServerCertificate of this endpoint, and the start fails. " +
        "Remove it; or, to present a Web PKI certificate here, call listenOptions.UseSpiffe(SpiffeServerMode.WebCertificate, https => ...) instead of UseHttps; or, to use SPIFFE " +
        "on some endpoints only, call builder.Services.AddSpiffeServer() instead of UseSpiffeMtls() and listenOptions.UseSpiffe() on those.");

    [Theory]
    [InlineData("listen.UseSpiffe(SpiffeServerMode.NoClientCertificate, {|ASPS007:https => https.ServerCertificate = certificate|})")]
    [InlineData("listen.UseSpiffe(SpiffeServerMode.Mutual, configureHttps: {|ASPS007:_ => { }|})")]
    [InlineData("listen.UseSpiffe(SpiffeServerMode.OptionalClientCertificate, {|ASPS007:Configure|})")]
    public Task A_mode_that_takes_no_settings_of_https_and_has_some_is_found(string call) => VerifyAsync(Program(Listening(call)));

    [Theory]
    [InlineData("listen.UseSpiffe(SpiffeServerMode.NoClientCertificate)")]
    [InlineData("listen.UseSpiffe(SpiffeServerMode.NoClientCertificate, null)")]
    [InlineData("listen.UseSpiffe(SpiffeServerMode.WebCertificate, Configure)")]
    [InlineData("listen.UseSpiffe(args.Length > 0 ? SpiffeServerMode.Mutual : SpiffeServerMode.WebCertificate, Configure)")]
    public Task A_mode_and_its_settings_are_let_alone(string call) => VerifyAsync(Program(Listening(call)));

    private static string Listening(string call) => $"builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 8443, listen => {call}));";

    private static string Program(string statements) => $$"""
        var builder = WebApplication.CreateBuilder(args);
        X509Certificate2 certificate = new([]);
        {{statements}}

        X509Certificate2? Perhaps() => args.Length > 0 ? certificate : null;
        void Configure(HttpsConnectionAdapterOptions https) => https.ServerCertificate = Perhaps();
        void Later(Action action) { if (args.Length > 0) action(); }
        """;
}
