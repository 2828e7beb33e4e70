using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>ASPS003 and ASPS006: HTTP clients whose creation the library rejects.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ClientAnalyzer : DiagnosticAnalyzer
{
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.ReplacedHandler, Rules.SeveralServers];

    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(static start =>
        {
            if (start.Compilation.GetTypeByMetadataName("Microsoft.Extensions.DependencyInjection.SpiffeHttpClientBuilderExtensions") is null) return;
            start.RegisterOperationAction(Judge, OperationKind.Invocation);
        });
    }

    private static void Judge(OperationAnalysisContext context)
    {
        var call = (IInvocationOperation)context.Operation;
        if (ReplacesHandler(call.TargetMethod)) JudgeReplacement(context, call);
        else if (ClientChain.IsAddSpiffe(call)) JudgeSecond(context, call);
    }

    private static void JudgeReplacement(OperationAnalysisContext context, IInvocationOperation call)
    {
        if (ClientChain.Before(call).FirstOrDefault(ClientChain.IsAddSpiffe) is not { TargetMethod.Name: var spiffe }) return;

        // A later AddSpiffeMtls creates the handler again, and the effect of other code is unknown here.
        if (CallChain.After(call).Any(static later => ClientChain.IsAddSpiffe(later) || !IsFramework(later.TargetMethod))) return;

        var name = call.TargetMethod.Name;
        var movable = name == "UseSocketsHttpHandler";
        var remedy = movable
            ? $"Move the call before {spiffe}, which keeps its settings, or change them in the argument 'configure' of {spiffe}"
            : $"Remove the call, and change the settings in the argument 'configure' of {spiffe}, which receives the SocketsHttpHandler";
        var properties = movable ? ImmutableDictionary<string, string?>.Empty.Add(Rules.MoveBefore, spiffe) : null;
        context.ReportDiagnostic(Diagnostic.Create(Rules.ReplacedHandler, CallChain.NameOf(call), properties, name, spiffe, remedy));
    }

    private static void JudgeSecond(OperationAnalysisContext context, IInvocationOperation call)
    {
        if (ClientChain.Before(call).FirstOrDefault(ClientChain.IsAddSpiffe) is not { } first) return;
        var (name, before) = (call.TargetMethod.Name, first.TargetMethod.Name);
        if (name != before) Report($"The HTTP client has {before} and {name}, but a client has one TLS mode. Keep one of them.");
        else if (ServerOf(first) is { } one && ServerOf(call) is { } other && one != other)
            Report($"The HTTP client has {name} 2 times, for '{one}' and '{other}', but a client has one expected server. Keep one; to expect several servers, use one pattern: '{one},{other}'.");

        void Report(string message) => context.ReportDiagnostic(Diagnostic.Create(Rules.SeveralServers, CallChain.NameOf(call), message));
    }

    private static string? ServerOf(IInvocationOperation call) =>
        call.Arguments.FirstOrDefault(static argument => ExpectedServer.Is(argument.Parameter)) is { Value: var value } && ExpectedServer.PatternOf(value) is { } pattern
            && TextJudge.FindMistake(TextKind.Pattern, pattern) is null
            ? TextJudge.Normalise(pattern)
            : null;

    // ConfigurePrimaryHttpMessageHandler with an Action changes the existing handler; all others create one.
    private static bool ReplacesHandler(IMethodSymbol method) =>
        method is { ContainingType: { Name: "HttpClientBuilderExtensions", ContainingNamespace.Name: "DependencyInjection" } } && IsFramework(method) && method.Name switch
        {
            "UseSocketsHttpHandler" => true,
            "ConfigurePrimaryHttpMessageHandler" => method.Parameters is not [_, { Type: INamedTypeSymbol { DelegateInvokeMethod.ReturnsVoid: true } }],
            _ => false,
        };

    private static bool IsFramework(IMethodSymbol method) => method.ContainingAssembly.Name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal);
}
