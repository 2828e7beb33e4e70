using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Testing;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Testing;

namespace AspNetSpiffe.Analyzers.Tests;

/// <summary>Compiles programs against ASP.NET Core and the built libraries. <c>{|ASPS001:x|}</c> in a program is the place of a diagnostic; there are no others.</summary>
public abstract class RuleTest<TAnalyzer>
    where TAnalyzer : DiagnosticAnalyzer, new()
{
    /// <summary>Says that a program has the diagnostics that are marked in it, and no others.</summary>
    private protected static Task VerifyAsync(string program) => RunAsync(program);

    /// <summary>Says that a program has one diagnostic, at the place <c>{|#0:…|}</c>, with this message.</summary>
    private protected static Task VerifyAsync(string program, string rule, string message) =>
        RunAsync(program, new DiagnosticResult(rule, DiagnosticSeverity.Warning).WithMessage(message).WithLocation(0));

    /// <summary>Says what a code fix makes of a program.</summary>
    private protected static async Task VerifyFixAsync<TFix>(string program, string expected)
        where TFix : CodeFixProvider, new()
    {
        var test = new CSharpCodeFixTest<TAnalyzer, TFix, DefaultVerifier> { ReferenceAssemblies = new("net10.0") };
        Add(test.TestState, program);
        Add(test.FixedState, expected);
        await test.RunAsync(TestContext.Current.CancellationToken);
    }

    private static void Add(SolutionState state, string program)
    {
        state.Sources.Add(("Program.cs", Compiled.Usings + program));
        state.OutputKind = OutputKind.ConsoleApplication;
        state.AdditionalReferences.AddRange(Compiled.References);
    }

    private static async Task RunAsync(string program, params DiagnosticResult[] expected)
    {
        var test = new CSharpAnalyzerTest<TAnalyzer, DefaultVerifier> { ReferenceAssemblies = new("net10.0") };
        Add(test.TestState, program);
        test.TestState.ExpectedDiagnostics.AddRange(expected);
        await test.RunAsync(TestContext.Current.CancellationToken);
    }
}
