using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The count of the lines that tests hold, against lists and pages that are wrong in one thing.</summary>
public sealed class SpecCoverageTests(ITestOutputHelper output) : InteropTest(output)
{
    private static readonly string[] Lines = File.ReadAllLines(Repository.PathOf("test", "AspNetSpiffe.SpecCoverage", "lines.tsv"));

    [Fact]
    public async Task A_test_that_names_a_line_which_does_not_exist_fails()
    {
        var result = await RunAsync(Lines.Where(line => !line.StartsWith("EP-22\t", StringComparison.Ordinal)));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("ids that the list does not have: EP-22 (", result.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_required_line_without_a_test_fails()
    {
        var result = await RunAsync([.. Lines, "ID-99\tMUST\t\tNobody tests this.\t"], "--require");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("ID-99 (MUST): Nobody tests this.", result.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_that_does_not_apply_needs_no_test()
    {
        var result = await RunAsync([.. Lines, "ID-99\tMUST\t\tNobody tests this.\tThere is nothing to test."], "--require");
        Assert.DoesNotContain("ID-99", result.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_is_not_current_fails_and_the_new_one_holds()
    {
        var (template, page) = (Path.Combine(Folder, "template.md"), Path.Combine(Folder, "page.md"));
        File.WriteAllText(template, "{sections}\n{lines}\n{not applicable}\n");
        string[] arguments = ["--page", template, page];

        var missing = await RunAsync(Lines, arguments);
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("is not current", missing.All, StringComparison.Ordinal);

        Assert.Equal(0, (await RunAsync(Lines, [.. arguments, "--write"])).ExitCode);
        Assert.Equal(0, (await RunAsync(Lines, arguments)).ExitCode);
        Assert.Contains("| EP-22 | MUST | An agent answers", File.ReadAllText(page), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ID-98\tMUST\tsource\tno fifth field")]
    [InlineData("ID-98\tOUGHT\t\tAn unknown level.\t")]
    [InlineData("QQ-98\tMUST\t\tAn unknown section.\t")]
    [InlineData("ID-01\tMUST\t\tFor the second time.\t")]
    public async Task A_list_that_is_malformed_fails(string line) => Assert.NotEqual(0, (await RunAsync([.. Lines, line])).ExitCode);

    // Only the tests of this assembly are counted, so that nothing else need be built.
    private async Task<ProgramResult> RunAsync(IEnumerable<string> lines, params string[] arguments)
    {
        var list = Path.Combine(Folder, "lines.tsv");
        File.WriteAllLines(list, lines);
        await using var tool = BuiltProgram.Start([], "AspNetSpiffe.SpecCoverage", "AspNetSpiffe.SpecCoverage", ["--lines", list, .. arguments, typeof(SpecCoverageTests).Assembly.Location]);
        return await tool.FinishAsync("", Patience);
    }
}
