using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The tutorials, from the first block to the last, as somebody follows them who has the SDK and the packages, and nothing else.</summary>
[Collection(UsesPackages.Name)]
public sealed class TutorialTests(ITestOutputHelper output, BuiltPackages packages) : InteropTest(output, TimeSpan.FromMinutes(7))
{
    public static TheoryData<string> Tutorials => [.. Directory.EnumerateFiles(Repository.PathOf("docs", "tutorials"), "*.md").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Tutorials))]
    public async Task A_tutorial_does_what_it_says(string name)
    {
        await using var tutorial = new TutorialRun(packages, Directory.CreateDirectory(Path.Combine(packages.Projects, name)).FullName, Path.Combine(Folder, "agent"));
        foreach (var block in CodeBlock.ReadAll($"docs/tutorials/{name}.md"))
        {
            try
            {
                await tutorial.DoAsync(block, Patience);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw new InvalidOperationException($"{block.Place} ({block.Mark}) does not do what it says. {e.Message}", e);
            }
        }
    }
}
