extern alias analyzers;

using analyzers::AspNetSpiffe.Analyzers;

namespace AspNetSpiffe.Analyzers.Tests;

/// <summary>ASPS003: what the library refuses as PrimaryHandlerTests show, and nothing that it takes.</summary>
public sealed class ReplacedHandlerTests : RuleTest<ClientAnalyzer>
{
    private const string Sockets = "UseSocketsHttpHandler((handler, _) => handler.AllowAutoRedirect = false)";

    [Theory]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").{|ASPS003:UseSocketsHttpHandler|}();""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").{|ASPS003:UseSocketsHttpHandler|}((handler, _) => { });""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").{|ASPS003:UseSocketsHttpHandler|}(builder => builder.Configure((_, _) => { }));""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeTls("spiffe://a/b").{|ASPS003:ConfigurePrimaryHttpMessageHandler|}(() => new SocketsHttpHandler());""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtlsToWeb().{|ASPS003:ConfigurePrimaryHttpMessageHandler|}(_ => new HttpClientHandler());""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeFromConfiguration().{|ASPS003:ConfigurePrimaryHttpMessageHandler<HttpClientHandler>|}();""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").AddSpiffeJwt("orders").SetHandlerLifetime(TimeSpan.FromDays(1)).{|ASPS003:UseSocketsHttpHandler|}();""")]
    [InlineData("""var client = services.AddHttpClient("orders"); client.AddSpiffeMtls("spiffe://a/b").{|ASPS003:UseSocketsHttpHandler|}();""")]
    [InlineData("""services.AddHttpClient<object>().AddSpiffeMtls("spiffe://a/b").{|ASPS003:UseSocketsHttpHandler|}().Services.AddHttpClient("mail").AddSpiffeMtls("spiffe://a/c");""")]
    [InlineData("""services.AddReverseProxy().AddSpiffeMtls().{|ASPS003:ConfigureHttpClient|}((_, handler) => handler.UseCookies = true);""")]
    [InlineData("""services.AddReverseProxy().{|ASPS003:ConfigureHttpClient|}((_, _) => { }).LoadFromMemory([], []).AddSpiffeMtls();""")]
    public Task A_handler_that_is_replaced_is_found(string statement) => VerifyAsync(Program(statement));

    [Theory]
    [InlineData("""services.AddHttpClient("orders").UseSocketsHttpHandler().AddSpiffeMtls("spiffe://a/b");""")]
    [InlineData("""services.AddHttpClient("orders").ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler()).AddSpiffeMtls("spiffe://a/b");""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").ConfigurePrimaryHttpMessageHandler((handler, _) => Console.WriteLine(handler));""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").AddHttpMessageHandler(() => new Around());""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").UseSocketsHttpHandler().AddSpiffeMtls("spiffe://a/b");""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").UseSocketsHttpHandler().AddOwn();""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeJwt("orders").UseSocketsHttpHandler();""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").Services.AddHttpClient("mail").UseSocketsHttpHandler();""")]
    [InlineData("""services.ConfigureHttpClientDefaults(client => client.AddSpiffeMtls("spiffe://a/b").UseSocketsHttpHandler()); services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/c");""")]
    [InlineData("""services.AddReverseProxy().ConfigureHttpClient((_, handler) => handler.UseCookies = true);""")]
    [InlineData("""services.AddReverseProxy().AddSpiffeMtls((_, handler) => handler.UseCookies = true);""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").ConfigureHttpClient(client => client.Timeout = TimeSpan.FromSeconds(1));""")]
    public Task What_the_library_takes_is_let_alone(string statement) => VerifyAsync(Program(statement));

    [Theory]
    [InlineData("""{|#0:UseSocketsHttpHandler|}()""", "Move the call before AddSpiffeMtls, which keeps its settings, or change them in the argument 'configure' of AddSpiffeMtls")]
    [InlineData("""{|#0:ConfigurePrimaryHttpMessageHandler|}(() => new HttpClientHandler())""", "Remove the call, and change the settings in the argument 'configure' of AddSpiffeMtls, which receives the SocketsHttpHandler")]
    public Task The_message_says_what_happens_and_what_to_do(string call, string remedy) => VerifyAsync(
        Program($"""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").{call};"""),
        "ASPS003",
        $"The client would call without its SPIFFE identity, and accept any server: {call.Split('|')[1][3..]} replaces the handler that AddSpiffeMtls created, so the client cannot be created. {remedy}.");

    [Fact]
    public Task So_does_that_of_a_reverse_proxy() => VerifyAsync(
        Program("""services.AddReverseProxy().AddSpiffeMtls().{|#0:ConfigureHttpClient|}((_, handler) => handler.UseCookies = true);"""),
        "ASPS003",
        "ConfigureHttpClient replaces what creates the clients of the clusters, as AddSpiffeMtls does, so every configuration with a cluster is rejected. " +
        "Remove the call, and change the settings in the argument 'configure' of AddSpiffeMtls, which receives the SocketsHttpHandler.");

    [Theory]
    [InlineData($$"""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").{|ASPS003:UseSocketsHttpHandler|}((handler, _) => handler.AllowAutoRedirect = false);""",
        $$"""services.AddHttpClient("orders").{{Sockets}}.AddSpiffeMtls("spiffe://a/b");""")]
    [InlineData(
        """
        services.AddHttpClient("orders")
            .AddSpiffeMtls("spiffe://a/b")
            .AddSpiffeJwt("orders") // says who calls
            .{|ASPS003:UseSocketsHttpHandler|}((handler, _) => handler.AllowAutoRedirect = false);
        """,
        $$"""
        services.AddHttpClient("orders")
            .{{Sockets}}
            .AddSpiffeMtls("spiffe://a/b") // says who calls
            .AddSpiffeJwt("orders");
        """)]
    public Task The_fix_moves_the_call_before_AddSpiffeMtls(string wrong, string right) => VerifyFixAsync<HandlerFixProvider>(Program(wrong), Program(right));

    [Fact]
    public Task A_handler_of_another_kind_has_no_fix() =>
        Program("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").{|ASPS003:ConfigurePrimaryHttpMessageHandler|}(() => new HttpClientHandler());""") is var program
            ? VerifyFixAsync<HandlerFixProvider>(program, program)
            : Task.CompletedTask;

    internal static string Program(string statement) => $$"""
        var services = new ServiceCollection();
        {{statement}}

        internal sealed class Around : DelegatingHandler;

        internal static class Own
        {
            public static IHttpClientBuilder AddOwn(this IHttpClientBuilder client) => client.AddSpiffeMtls("spiffe://a/b");
        }
        """;
}
