extern alias analyzers;

using analyzers::AspNetSpiffe.Analyzers;

namespace AspNetSpiffe.Analyzers.Tests;

/// <summary>ASPS002: trust domains, path prefixes and SPIFFE IDs.</summary>
public sealed class MalformedNameTests : RuleTest<TextAnalyzer>
{
    [Theory]
    [InlineData("""app.MapGet("/", () => "").RequireTrustDomain("example.org{|ASPS002:/|}**");""")]
    [InlineData("""app.RequireTrustDomain("spiffe:{|ASPS002:/|}/example.org");""")]
    [InlineData("""app.MapGroup("/").RequireTrustDomain("{|ASPS002:"|});""")]
    [InlineData("""app.RequireTrustDomain("example{|ASPS002:ä|}.org");""")]
    [InlineData("""app.MapGet("/", () => "").RequirePathPrefix("{|ASPS002:o|}ps");""")]
    [InlineData("""app.RequirePathPrefix("/ops{|ASPS002:/|}");""")]
    [InlineData("""app.RequirePathPrefix("/ops/{|ASPS002:*|}");""")]
    [InlineData("""app.RequirePathPrefix("{|ASPS002:"|});""")]
    [InlineData("""const string Ops = "/ops"; app.RequirePathPrefix(Ops + "{|ASPS002:/|}");""")]
    [InlineData("""_ = SpiffeId.Parse("spiffe://example.org/a{|ASPS002:*|}");""")]
    [InlineData("""_ = SpiffeId.Parse("spiffe://example.org{|ASPS002:/|}");""")]
    [InlineData("""_ = TrustDomain.Parse("{|ASPS002:E|}xample.org");""")]
    [InlineData("""_ = TrustDomain.Parse("example.org{|ASPS002:/|}orders");""")]
    public Task A_mistake_is_found_at_its_character(string statement) => VerifyAsync(Program(statement));

    [Theory]
    [InlineData("""app.MapGet("/", () => "").RequireTrustDomain("Example.org").RequirePathPrefix("/ops/x");""")]
    [InlineData("""app.RequireTrustDomain("example.org").RequirePathPrefix("/Ops.1_2-3");""")]
    [InlineData("""app.RequireTrustDomain("a/b".Replace("/", ""));""")]
    [InlineData("""_ = SpiffeId.Parse("spiffe://example.org"); _ = SpiffeId.Parse("spiffe://example.org/a"); _ = TrustDomain.Parse("example.org"); _ = TrustDomain.Parse("spiffe://example.org");""")]
    [InlineData("""_ = SpiffeId.TryParse("none", out _); _ = TrustDomain.TryParse("a/b", out _);""")]
    [InlineData("""app.RequireTrustDomain(Console.ReadLine() ?? "a/b");""")]
    public Task What_is_right_or_unknown_is_let_alone(string statement) => VerifyAsync(Program(statement));

    [Theory]
    [InlineData("""app.RequireTrustDomain("example.org{|#0:/|}**");""", "The trust domain 'example.org/**' has a '/' at position 11; write one name such as 'example.org', or call RequireSpiffe with a pattern.")]
    [InlineData("""app.RequirePathPrefix("{|#0:o|}ps");""", "The path 'ops' does not begin with '/'.")]
    public Task The_message_is_that_of_the_library(string statement, string message) => VerifyAsync(Program(statement), "ASPS002", message);

    [Theory]
    [InlineData("""app.RequireTrustDomain("example.org{|ASPS002:/|}**");""", """app.RequireTrustDomain("example.org");""")]
    [InlineData("""app.RequireTrustDomain("spiffe:{|ASPS002:/|}/example.org");""", """app.RequireTrustDomain("example.org");""")]
    [InlineData("""app.RequirePathPrefix("{|ASPS002:o|}ps");""", """app.RequirePathPrefix("/ops");""")]
    [InlineData("""app.RequirePathPrefix("/ops{|ASPS002:/|}");""", """app.RequirePathPrefix("/ops");""")]
    public Task The_fix_writes_what_was_meant(string wrong, string right) => VerifyFixAsync<TextFixProvider>(Program(wrong), Program(right));

    [Theory]
    [InlineData("""app.RequireTrustDomain("example.org{|ASPS002:/|}orders");""")]
    [InlineData("""app.RequireTrustDomain("a.test{|ASPS002:,|}b.test");""")]
    [InlineData("""app.RequirePathPrefix("/ops/{|ASPS002:*|}");""")]
    [InlineData("""app.RequirePathPrefix("{|ASPS002:"|});""")]
    public Task Where_nothing_is_obvious_there_is_no_fix(string statement) => VerifyFixAsync<TextFixProvider>(Program(statement), Program(statement));

    private static string Program(string statement) => $"""
        IApplicationBuilder pipeline = WebApplication.Create();
        var app = (WebApplication)pipeline;
        {statement.Replace("app.Require", "pipeline.Require", StringComparison.Ordinal)}

        """;
}
