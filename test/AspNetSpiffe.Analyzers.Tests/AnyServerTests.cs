extern alias analyzers;

using analyzers::AspNetSpiffe.Analyzers;

namespace AspNetSpiffe.Analyzers.Tests;

/// <summary>ASPS005: a client that takes any server.</summary>
public sealed class AnyServerTests : RuleTest<TextAnalyzer>
{
    [Theory]
    [InlineData("""client.AddSpiffeMtls({|ASPS005:"spiffe:any"|});""")]
    [InlineData("""client.AddSpiffeMtls({|ASPS005:" Spiffe:Any "|}, handler => { });""")]
    [InlineData("""client.AddSpiffeMtls({|ASPS005:SpiffeIdPattern.Any|});""")]
    [InlineData("""client.AddSpiffeTls({|ASPS005:SpiffeIdPattern.Parse("spiffe:any")|});""")]
    [InlineData("""const string Any = "spiffe:" + "any"; client.AddSpiffeTls(expectedServer: {|ASPS005:Any|});""")]
    [InlineData("""_ = SpiffeHttpHandler.Create(source, {|ASPS005:SpiffeIdPattern.Any|});""")]
    [InlineData("""_ = SpiffeHttpHandler.CreateTls(bundles, {|ASPS005:SpiffeIdPattern.Any|});""")]
    [InlineData("""new HubConnectionBuilder().AddSpiffeMtls(source, {|ASPS005:"spiffe:any"|});""")]
    [InlineData("""new HubConnectionBuilder().WithUrl("https://chat/hub").AddSpiffeMtls(source, {|ASPS005:SpiffeIdPattern.Any|}, handler => { });""")]
    [InlineData("""_ = new ClusterConfig { Metadata = new Dictionary<string, string> { [SpiffeClusterMetadata.SpiffeId] = {|ASPS005:"spiffe:any"|} } };""")]
    public Task A_client_that_takes_any_server_is_found(string statement) => VerifyAsync(Program(statement));

    [Theory]
    [InlineData("""client.AddSpiffeMtls("spiffe://example.org/**");""")]
    [InlineData("""client.AddSpiffeTls(SpiffeIdPattern.None);""")]
    [InlineData("""client.AddSpiffeMtls(SpiffeIdPattern.Parse("spiffe://example.org/orders"));""")]
    [InlineData("""client.AddSpiffeMtls(Console.ReadLine() ?? "spiffe:any");""")]
    [InlineData("""_ = SpiffeHttpHandler.CreateMtlsToWeb(source);""")]
    [InlineData("""WebApplication.Create().MapGet("/", () => "").RequireSpiffe("spiffe:any"); _ = new SpiffeTls(source, SpiffeIdPattern.Any);""")]
    [InlineData("""new HubConnectionBuilder().AddSpiffeMtls(source, "spiffe://example.org/chat");""")]
    [InlineData("""_ = new ClusterConfig { Metadata = new Dictionary<string, string> { ["SpiffeId"] = "spiffe://example.org/orders", ["Owner"] = "spiffe:any" } };""")]
    [InlineData("""_ = SpiffeIdPattern.Any.Matches(null) || SpiffeIdPattern.Parse("spiffe:any").Equals(SpiffeIdPattern.Any);""")]
    public Task What_names_a_server_or_means_callers_is_let_alone(string statement) => VerifyAsync(Program(statement));

    private static string Program(string statement) => $"""
        var client = new ServiceCollection().AddHttpClient("orders");
        X509Source source = null!;
        X509BundleSource bundles = null!;
        {statement}

        """;
}
