extern alias analyzers;

using analyzers::AspNetSpiffe.Analyzers;

namespace AspNetSpiffe.Analyzers.Tests;

/// <summary>ASPS006: a client with two modes or two servers, and what takes AddSpiffeMtls once.</summary>
public sealed class SeveralServersTests : RuleTest<ClientAnalyzer>
{
    [Theory]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").{|ASPS006:AddSpiffeTls|}("spiffe://a/b");""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtlsToWeb().AddSpiffeJwt("orders").{|ASPS006:AddSpiffeMtls|}(SpiffeIdPattern.Any);""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").{|ASPS006:AddSpiffeMtls|}("spiffe://a/c");""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").{|ASPS006:AddSpiffeMtls|}(SpiffeIdPattern.Any);""")]
    [InlineData("""new HubConnectionBuilder().AddSpiffeMtls(null!, "spiffe://a/b").WithUrl("https://chat/hub").{|ASPS006:AddSpiffeMtls|}(null!, "spiffe://a/b");""")]
    [InlineData("""services.AddReverseProxy().AddSpiffeMtls().LoadFromMemory([], []).{|ASPS006:AddSpiffeMtls|}((_, _) => { });""")]
    public Task Two_modes_or_servers_of_one_client_are_found(string statement) => VerifyAsync(ReplacedHandlerTests.Program(statement));

    [Theory]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").AddSpiffeMtls(" SPIFFE://A/b");""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").AddSpiffeMtls(Console.ReadLine()!);""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").AddSpiffeJwt("orders");""")]
    [InlineData("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").Services.AddHttpClient("mail").AddSpiffeTls("spiffe://a/c");""")]
    [InlineData("""services.ConfigureHttpClientDefaults(client => client.AddSpiffeMtls("spiffe://a/b").AddSpiffeTls("spiffe://a/b"));""")]
    [InlineData("""new HubConnectionBuilder().AddSpiffeMtls(null!, "spiffe://a/b"); new HubConnectionBuilder().AddSpiffeMtls(null!, "spiffe://a/b");""")]
    [InlineData("""services.AddReverseProxy().AddSpiffeMtls().Services.AddReverseProxy();""")]
    public Task One_server_is_let_alone(string statement) => VerifyAsync(ReplacedHandlerTests.Program(statement));

    [Fact]
    public Task The_message_is_that_of_the_library() => VerifyAsync(
        ReplacedHandlerTests.Program("""services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b").{|#0:AddSpiffeMtls|}("spiffe://a/c");"""),
        "ASPS006",
        "The HTTP client has AddSpiffeMtls 2 times, for 'spiffe://a/b' and 'spiffe://a/c', but a client has one expected server. Keep one; to expect several servers, use one pattern: 'spiffe://a/b,spiffe://a/c'.");
}
