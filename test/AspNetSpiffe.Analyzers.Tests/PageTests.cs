extern alias analyzers;

using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using analyzers::AspNetSpiffe.Analyzers;

namespace AspNetSpiffe.Analyzers.Tests;

/// <summary>The pages of docs/analyzers: one for each rule, and their code does what they say.</summary>
public sealed partial class PageTests
{
    private static readonly DiagnosticAnalyzer[] Analyzers = [new TextAnalyzer(), new ClientAnalyzer(), new EndpointAnalyzer(), new HubAnalyzer()];

    public static TheoryData<string> RuleIds => [.. AllRules().Select(rule => rule.Id)];

    [Theory, MemberData(nameof(RuleIds))]
    public async Task The_code_before_has_the_mistake_and_the_code_after_and_the_suppressed_one_have_none(string rule)
    {
        var blocks = Code().Matches(await File.ReadAllTextAsync(Repository.PathOf("docs", "analyzers", $"{rule}.md"), TestContext.Current.CancellationToken)).Select(block => block.Groups[1].Value).ToArray();
        Assert.Equal(3, blocks.Length);
        Assert.Equal([rule], (await DiagnosticsOfAsync(blocks[0])).Distinct());
        Assert.Empty(await DiagnosticsOfAsync(blocks[1]));
        Assert.Empty(await DiagnosticsOfAsync(blocks[2]));
        Assert.Equal([rule], (await DiagnosticsOfAsync(blocks[2].Replace("#pragma", "// pragma", StringComparison.Ordinal))).Distinct());
    }

    [Fact]
    public void Every_analyzer_of_the_assembly_is_looked_at_here() =>
        Assert.Equal(typeof(TextAnalyzer).Assembly.GetTypes().Where(type => !type.IsAbstract && type.IsSubclassOf(typeof(DiagnosticAnalyzer))).Select(type => type.Name).Order(), Analyzers.Select(analyzer => analyzer.GetType().Name).Order());

    [Fact]
    public async Task Every_rule_has_a_page_in_the_list_and_leads_to_it()
    {
        var list = await File.ReadAllTextAsync(Repository.PathOf("docs", "analyzers", "README.md"), TestContext.Current.CancellationToken);
        Assert.All(AllRules(), rule => Assert.Contains($"[{rule.Id}]({rule.Id}.md)", list, StringComparison.Ordinal));
        Assert.All(AllRules(), rule => Assert.EndsWith($"/docs/analyzers/{rule.Id}.md", rule.HelpLinkUri, StringComparison.Ordinal));
    }

    private static IEnumerable<DiagnosticDescriptor> AllRules() => Analyzers.SelectMany(analyzer => analyzer.SupportedDiagnostics);

    private static async Task<IEnumerable<string>> DiagnosticsOfAsync(string code)
    {
        // What an excerpt begins in.
        var excerpt = code.StartsWith("kestrel.", StringComparison.Ordinal) ? $"builder.WebHost.ConfigureKestrel(kestrel => {{ {code} }});"
            : code.Contains("\nlisten.", StringComparison.Ordinal) ? $"builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(8443, listen =>\n{{\n{code}\n}}));"
            : code;
        var mutual = code.Contains("ASPS004", StringComparison.Ordinal) ? "builder.WebHost.UseSpiffeMtls();" : "";
        var compilation = Compiled.From($"""
            using Xunit;

            var builder = WebApplication.CreateBuilder(args);
            var services = builder.Services;
            var app = builder.Build();
            X509Certificate2 certificate = new([]);
            X509Source source = null!;
            {mutual}
            {excerpt}
            """);
        Assert.Empty(compilation.GetDiagnostics(TestContext.Current.CancellationToken).Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));
        var found = await compilation.WithAnalyzers([.. Analyzers]).GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken);
        return found.Select(diagnostic => diagnostic.Id);
    }

    [GeneratedRegex(@"(?ms)^```csharp\n(.*?)^```")]
    private static partial Regex Code();
}
