using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>ASPS008: hub connections whose creation the library rejects.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class HubAnalyzer() : LibraryAnalyzer("Microsoft.AspNetCore.SignalR.Client.SpiffeHubConnectionBuilderExtensions")
{
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.ConflictingHub];

    protected override void Register(CompilationStartAnalysisContext start) => start.RegisterOperationAction(Judge, OperationKind.Invocation);

    // In either order: the library validates the options when the connection is built.
    private static void Judge(OperationAnalysisContext context)
    {
        var call = (IInvocationOperation)context.Operation;
        if (!HubConflicts.IsWithUrl(call) || ClientChain.IsOfParameter(call)) return;
        IInvocationOperation[] others = [.. ClientChain.Before(call), .. CallChain.After(call)];
        if (!others.Any(ClientChain.IsHub) || others.Any(static other => HubConflicts.IsWithUrl(other) || IsUnknown(other.TargetMethod))) return;
        foreach (var (at, problem, remedy) in HubConflicts.In(call)) context.ReportDiagnostic(Diagnostic.Create(Rules.ConflictingHub, at.Syntax.GetLocation(), problem, remedy));
    }

    // The effect of other code on the options is unknown here.
    private static bool IsUnknown(IMethodSymbol method) => !method.ContainingAssembly.Name.StartsWith("Microsoft.", StringComparison.Ordinal) && method.ContainingAssembly.Name != "AspNetSpiffe.SignalR.Client";
}
