using System.Text.Json;

namespace AspNetSpiffe.AgentTests;

/// <summary>aspnet-spiffe match.</summary>
public sealed class MatchCommandTests : AgentTest
{
    [Theory]
    [InlineData(0, "spiffe://example.org/ns/shop/**", "spiffe://example.org/ns/shop/sa/cart", "spiffe://example.org/ns/shop/**")]
    [InlineData(0, "spiffe://example.org/a,spiffe://example.org/*", "spiffe://example.org/b", "spiffe://example.org/*")]
    [InlineData(0, "spiffe:any", "spiffe://other.test/b", "spiffe:any")]
    [InlineData(1, "spiffe://example.org/ns/*", "spiffe://example.org/ns/a/b", null)]
    [InlineData(1, "spiffe://example.org/**", "spiffe://other.test/a", null)]
    public async Task The_exit_code_says_whether_it_matches_and_the_part_of_the_pattern_is_named(int expected, string pattern, string id, string? part)
    {
        var (exitCode, output, errors) = await Tool.RunAsync(null, Patience, "match", pattern, id, "--json");
        using var json = JsonDocument.Parse(output);
        Assert.Equal((expected, ""), (exitCode, errors));
        Assert.Equal(expected == 0, json.RootElement.GetProperty("matches").GetBoolean());
        Assert.Equal(part, json.RootElement.GetProperty("matchedBy").GetString());
    }

    [Fact]
    public async Task For_people_the_answer_is_one_line()
    {
        var (exitCode, output, _) = await Tool.RunAsync(null, Patience, "match", "spiffe://example.org/**", "spiffe://other.test/a");
        Assert.Equal((1, "no: spiffe://example.org/** does not match spiffe://other.test/a"), (exitCode, output.Trim()));
    }

    [Theory]
    [InlineData("position 22", "spiffe://example.org/a**", "spiffe://example.org/a")]
    [InlineData("'https://example.org/a' does not begin with", "spiffe://example.org/**", "https://example.org/a")]
    public async Task A_malformed_one_is_exit_code_2(string text, string pattern, string id)
    {
        var (exitCode, output, errors) = await Tool.RunAsync(null, Patience, "match", pattern, id);
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(text, Assert.Single(errors.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }
}
