using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>ASPS004 and ASPS007: https endpoints that the library rejects.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class EndpointAnalyzer() : LibraryAnalyzer("Microsoft.AspNetCore.Hosting.SpiffeListenOptionsExtensions")
{
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.ConflictingHttps, Rules.ModeWithoutHttps];

    protected override void Register(CompilationStartAnalysisContext start)
    {
        start.RegisterOperationAction(JudgeMode, OperationKind.Invocation);
        start.RegisterOperationBlockAction(JudgeEndpoints);
    }

    private static void JudgeMode(OperationAnalysisContext context)
    {
        var call = (IInvocationOperation)context.Operation;
        if (call.TargetMethod is not { Name: "UseSpiffe", ContainingType: { Name: "SpiffeListenOptionsExtensions", ContainingAssembly.Name: "AspNetSpiffe" } }) return;
        if (ArgumentOf(call, "configureHttps") is not IDelegateCreationOperation configure) return;
        if (ArgumentOf(call, "mode") is not { ConstantValue: { HasValue: true, Value: { } value }, Type: { } type }) return;
        if (type.GetMembers().OfType<IFieldSymbol>().FirstOrDefault(field => field.HasConstantValue && field.ConstantValue.Equals(value))?.Name is not { } mode || mode == "WebCertificate") return;
        context.ReportDiagnostic(Diagnostic.Create(Rules.ModeWithoutHttps, configure.Syntax.GetLocation(), mode));
    }

    // Only if both calls are in one method, on one host, and always run together: otherwise a program may choose between them.
    private static void JudgeEndpoints(OperationBlockAnalysisContext context)
    {
        foreach (var block in context.OperationBlocks)
        {
            var calls = block.Descendants().OfType<IInvocationOperation>().ToArray();
            var mutual = calls.Where(static call => call.TargetMethod is { Name: "UseSpiffeMtls", ContainingAssembly.Name: "AspNetSpiffe" }).ToArray();
            if (mutual.Length == 0) continue;
            foreach (var https in calls.Where(HttpsConflicts.IsUseHttps))
            {
                // Of two calls for one endpoint, Kestrel uses the second.
                if (CallChain.After(https).Any(HttpsConflicts.IsUseHttps)) continue;
                if (HttpsConflicts.In(https) is not { Count: > 0 } conflicts || !mutual.Any(spiffe => SameHost.Has(spiffe, https))) continue;
                context.ReportDiagnostic(Diagnostic.Create(Rules.ConflictingHttps, CallChain.NameOf(https), string.Join(", ", conflicts)));
            }
        }
    }

    private static IOperation? ArgumentOf(IInvocationOperation call, string parameter) =>
        call.Arguments.FirstOrDefault(argument => argument.Parameter?.Name == parameter && argument.ArgumentKind != ArgumentKind.DefaultValue)?.Value;
}
