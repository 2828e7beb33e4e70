extern alias analyzers;

using analyzers::AspNetSpiffe.Analyzers;

namespace AspNetSpiffe.Analyzers.Tests;

/// <summary>ASPS001: a pattern with a mistake is found wherever the library reads it, at the character that is wrong, and in the library's words.</summary>
public sealed class MalformedPatternTests : RuleTest<TextAnalyzer>
{
    private const string WithoutPath = "The pattern 'spiffe://example.org' has no path at position 20; add '/**' to match every workload of the trust domain.";

    [Theory]
    [InlineData("""app.MapGet("/", () => "").RequireSpiffe("spiffe://example.org{|ASPS001:"|});""")]
    [InlineData("""app.MapGroup("/").RequireSpiffe("spiffe://example.org/{|ASPS001:*|}*/a");""")]
    [InlineData("""app.RequireSpiffe("spiffe://{|ASPS001:*|}.org/**");""")]
    [InlineData("""((IApplicationBuilder)app).RequireSpiffe("{|ASPS001:e|}xample.org/**");""")]
    [InlineData("""new AuthorizationPolicyBuilder().RequireSpiffe("spiffe://example.org/a{|ASPS001:*|}");""")]
    [InlineData("""_ = new RequireSpiffeAttribute("spiffe://example.org/{|ASPS001:ä|}");""")]
    [InlineData("""_ = SpiffeIdPattern.Parse("{|ASPS001:"|});""")]
    [InlineData("""_ = SpiffeIdPattern.Parse(text: "spiffe://a/b,{|ASPS001:"|});""")]
    [InlineData("""builder.Services.AddHttpClient("orders").AddSpiffeMtls("spiffe://a/b,{|ASPS001:s|}piffe:any");""")]
    [InlineData("""builder.Services.AddHttpClient("orders").AddSpiffeTls("spiffe://example.org{|ASPS001:/|}", null);""")]
    [InlineData("""new HubConnectionBuilder().AddSpiffeMtls(null!, "spiffe://example.org{|ASPS001:"|});""")]
    [InlineData("""new HubConnectionBuilder().AddSpiffeMtls(expectedServer: "{|ASPS001:e|}xample.org/chat", source: null!);""")]
    [InlineData("""_ = new ClusterConfig { Metadata = new Dictionary<string, string> { ["SpiffeId"] = "spiffe://example.org{|ASPS001:"|} } };""")]
    [InlineData("""_ = new ClusterConfig() with { Metadata = new Dictionary<string, string> { { "Owner", "shop" }, { "spiffeid", "spiffe://example.org/a{|ASPS001:*|}" } } };""")]
    [InlineData("""app.MapGet("/", () => "").RequireAuthorization("spiffe://example.org{|ASPS001:"|});""")]
    [InlineData("""app.MapGet("/", () => "").RequireAuthorization("Admins", "SPIFFE://Example.org{|ASPS001:"|});""")]
    [InlineData("""app.MapGet("/", () => "").RequireAuthorization(new[] { "spiffe://example.org{|ASPS001:"|} });""")]
    [InlineData("""app.MapGet("/", () => "").RequireAuthorization(new AuthorizeAttribute("spiffe://example.org{|ASPS001:"|}));""")]
    [InlineData("""app.MapGet("/", () => "").RequireAuthorization(new AuthorizeAttribute { Policy = "spiffe://example.org{|ASPS001:"|} });""")]
    [InlineData("""await app.Services.GetRequiredService<IAuthorizationService>().AuthorizeAsync(new(), "spiffe://example.org{|ASPS001:"|});""")]
    [InlineData("""await app.Services.GetRequiredService<IAuthorizationService>().AuthorizeAsync(new(), null, "spiffe://example.org{|ASPS001:"|});""")]
    [InlineData("""builder.Services.AddRazorPages(pages => pages.Conventions.AuthorizeFolder("/", "spiffe://example.org{|ASPS001:"|}));""")]
    public Task A_mistake_is_found_wherever_a_pattern_is_read(string statement) => VerifyAsync(Program(statement));

    [Theory]
    [InlineData("""[Authorize(Policy = "spiffe://example.org{|ASPS001:"|})]""")]
    [InlineData("""[Authorize("spiffe://example.org{|ASPS001:"|})]""")]
    [InlineData("""[RequireSpiffe("spiffe://example.org{|ASPS001:"|})]""")]
    [InlineData("""[RequireSpiffe("spiffe://example.org/**"), RequireSpiffe("{|ASPS001:n|}obody")]""")]
    [InlineData("""[Own(Policy = "spiffe://example.org{|ASPS001:"|})]""")]
    public Task A_mistake_is_found_in_an_attribute(string attribute) => VerifyAsync($$"""
        return;

        {{attribute}}
        public sealed class Reports;

        public sealed class OwnAttribute : Attribute, IAuthorizeData
        {
            public string? Policy { get; set; }
            public string? Roles { get; set; }
            public string? AuthenticationSchemes { get; set; }
        }
        """);

    [Theory]
    [InlineData("""["spiffe://example.org{|ASPS001:"|}, "spiffe://example.org/**"]""")]
    [InlineData("""["spiffe://example.org/**", "spiffe://example.org{|ASPS001:"|}]""")]
    [InlineData("""new[] { "spiffe://example.org{|ASPS001:"|} }""")]
    [InlineData("""new List<string> { "spiffe://example.org{|ASPS001:"|} }""")]
    [InlineData("""["spiffe://example.org/**", .. others, "spiffe://example.org{|ASPS001:"|}]""")]
    [InlineData("""["spiffe://example.org/**", "{|ASPS001:s|}piffe:any"]""")]
    [InlineData("""[" {|ASPS001:s|}piffe:any", "spiffe://example.org/**"]""")]
    [InlineData("""["spiffe://example.org/**", "{|ASPS001:s|}piffe:none"]""")]
    public async Task A_mistake_is_found_in_a_list(string list)
    {
        await VerifyAsync(Program($"string[] others = []; builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers = {list});"));
        await VerifyAsync(Program($"string[] others = []; builder.Services.AddAuthentication().AddSpiffeJwt(options => options.AllowedCallers = {list});"));
        await VerifyAsync(Program($"string[] others = []; builder.Services.AddAuthentication().AddSpiffeForwarded(options => options.AllowedCallers = {list});"));
    }

    [Theory]
    [InlineData("""const string Domain = "spiffe://example.org"; _ = SpiffeIdPattern.Parse({|ASPS001:Domain|});""")]
    [InlineData("""_ = SpiffeIdPattern.Parse({|ASPS001:Names.Domain|});""")]
    [InlineData("""_ = SpiffeIdPattern.Parse(Names.Domain + "/a{|ASPS001:*|}");""")]
    [InlineData("""_ = SpiffeIdPattern.Parse(Names.Domain + ("/" + "a" + "{|ASPS001:*|}b" + "c"));""")]
    [InlineData("""_ = SpiffeIdPattern.Parse($"{Names.Domain}/a{|ASPS001:*|}b");""")]
    [InlineData("""_ = SpiffeIdPattern.Parse($"{Names.Domain}/{{|ASPS001:Names.Wrong|}}");""")]
    [InlineData("""_ = SpiffeIdPattern.Parse(@"spiffe://example.org/a{|ASPS001:*|}");""")]
    [InlineData(""""_ = SpiffeIdPattern.Parse("""spiffe://example.org/a{|ASPS001:*|}""");"""")]
    [InlineData("""_ = SpiffeIdPattern.Parse({|ASPS001:"spiffe://example.org/\u00e4"|});""")]
    public Task A_constant_is_judged_however_it_is_written(string statement) => VerifyAsync(Program(statement) + """

        internal static class Names
        {
            public const string Domain = "spiffe://example.org";
            public const string Wrong = "*a";
        }
        """);

    [Theory]
    [InlineData("""app.MapGet("/", () => "").RequireSpiffe().RequireSpiffe("spiffe://example.org/ns/*/sa/cart, SPIFFE://Example.org/ops/**");""")]
    [InlineData("""app.MapGet("/", () => "").RequireAuthorization().RequireAuthorization("Admins", "spiffe://example.org/**");""")]
    [InlineData("""app.MapGet("/", () => "").RequireAuthorization("spiffe").RequireAuthorization("spiffe-admins", "example.org");""")]
    [InlineData("""app.MapGet("/", () => "").RequireCors("spiffe:no pattern").RequireHost("spiffe:no pattern");""")]
    [InlineData("""builder.Services.AddHttpClient("spiffe:no pattern").AddSpiffeMtls("spiffe://example.org/orders");""")]
    [InlineData("""new HubConnectionBuilder().AddSpiffeMtls(null!, "spiffe://example.org/chat").WithUrl("https://chat/hub");""")]
    [InlineData("""_ = new ClusterConfig { Metadata = new Dictionary<string, string> { ["SpiffeId"] = "spiffe://example.org/orders", ["Owner"] = "no pattern" } };""")]
    [InlineData("""_ = new RouteConfig { Metadata = new Dictionary<string, string> { ["SpiffeId"] = "no pattern" } }; _ = new Dictionary<string, string> { ["SpiffeId"] = "no pattern" };""")]
    [InlineData("""builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers = ["spiffe://a/b", "spiffe://c/**,spiffe://d/e"]);""")]
    [InlineData("""builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers = ["spiffe:any"]); builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers = []);""")]
    [InlineData("""builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers = null);""")]
    [InlineData("""_ = SpiffeIdPattern.TryParse("no pattern", out _);""")]
    [InlineData("""var read = Console.ReadLine() ?? "no pattern"; _ = SpiffeIdPattern.Parse(read);""")]
    [InlineData("""_ = SpiffeIdPattern.Parse($"{Console.ReadLine()}no pattern");""")]
    public Task What_is_right_unknown_or_of_others_is_let_alone(string statement) => VerifyAsync(Program(statement));

    [Fact]
    public Task The_message_is_that_of_the_library()
    {
        Assert.Equal(WithoutPath, Assert.Throws<FormatException>(() => SpiffeIdPattern.Parse("spiffe://example.org")).Message);
        return VerifyAsync(Program("""_ = SpiffeIdPattern.Parse("spiffe://example.org{|#0:"|});"""), "ASPS001", WithoutPath);
    }

    [Theory]
    [InlineData("spiffe://example.org", "spiffe://example.org/**")]
    [InlineData("spiffe://example.org/", "spiffe://example.org/**")]
    [InlineData("spiffe://a, spiffe://b/c", "spiffe://a/**, spiffe://b/c")]
    [InlineData("spiffe://example.org/**/a", "spiffe://example.org/*/a")]
    [InlineData("spiffe://a/b,,spiffe://c/d,", "spiffe://a/b,spiffe://c/d")]
    [InlineData("example.org/orders", "spiffe://example.org/orders")]
    [InlineData("example.org", "spiffe://example.org/**")]
    public Task The_fix_writes_what_was_meant(string wrong, string right)
    {
        var position = PositionIn(Assert.Throws<FormatException>(() => SpiffeIdPattern.Parse(wrong)).Message);
        var literal = wrong + '"';
        var marked = $"{literal[..position]}{{|ASPS001:{literal[position]}|}}{literal[(position + 1)..]}";
        return VerifyFixAsync<TextFixProvider>(Program($"_ = SpiffeIdPattern.Parse(/* whom */ \"{marked});"), Program($"_ = SpiffeIdPattern.Parse(/* whom */ \"{right}\");"));
    }

    [Theory]
    [InlineData("""_ = SpiffeIdPattern.Parse("{|ASPS001:h|}ttps://example.org/orders");""")]
    [InlineData("""_ = SpiffeIdPattern.Parse("spiffe://a/b,{|ASPS001:s|}piffe:any");""")]
    [InlineData("""_ = SpiffeIdPattern.Parse("spiffe://{|ASPS001:*|}/a");""")]
    [InlineData("""_ = SpiffeIdPattern.Parse("{|ASPS001:,|},");""")]
    [InlineData("""const string Domain = "spiffe://example.org"; _ = SpiffeIdPattern.Parse({|ASPS001:Domain|});""")]
    public Task Where_nothing_is_obvious_there_is_no_fix(string statement) => VerifyFixAsync<TextFixProvider>(Program(statement), Program(statement));

    [Fact]
    public Task All_of_a_file_are_fixed_at_once() => VerifyFixAsync<TextFixProvider>(
        Program("""_ = SpiffeIdPattern.Parse("spiffe://a{|ASPS001:"|}); _ = SpiffeIdPattern.Parse("{|ASPS001:b|}/c");"""),
        Program("""_ = SpiffeIdPattern.Parse("spiffe://a/**"); _ = SpiffeIdPattern.Parse("spiffe://b/c");"""));

    private static int PositionIn(string message) => int.Parse(message.Split("position ")[1].Split(';', ' ', '.')[0], System.Globalization.CultureInfo.InvariantCulture);

    private static string Program(string statement) => $"""
        var builder = WebApplication.CreateBuilder();
        var app = builder.Build();
        {statement}

        """;
}
