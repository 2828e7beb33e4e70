using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>ASPS003 and ASPS006: HTTP clients whose creation the library rejects.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ClientAnalyzer() : LibraryAnalyzer("Microsoft.Extensions.DependencyInjection.SpiffeHttpClientBuilderExtensions")
{
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.ReplacedHandler, Rules.SeveralServers];

    protected override void Register(CompilationStartAnalysisContext start) => start.RegisterOperationAction(Judge, OperationKind.Invocation);

    private static void Judge(OperationAnalysisContext context)
    {
        var call = (IInvocationOperation)context.Operation;
        if (ReplacesHandler(call.TargetMethod)) JudgeReplacement(context, call);
        else if (ClientChain.IsAddSpiffe(call)) JudgeSecond(context, call);
        else if (ClientChain.IsHub(call)) JudgeRepeated(context, call, "hub connection", ClientChain.IsHub);
        else if (ClientChain.IsProxy(call)) JudgeRepeated(context, call, "reverse proxy", ClientChain.IsProxy);
        else if (IsConfigureHttpClient(call.TargetMethod)) JudgeProxyClients(context, call);
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
        var message = $"The client would call without its SPIFFE identity, and accept any server: {name} replaces the handler that {spiffe} created, so the client cannot be created. {remedy}.";
        context.ReportDiagnostic(Diagnostic.Create(Rules.ReplacedHandler, CallChain.NameOf(call), properties, message));
    }

    // In either order: of two factories of clients YARP takes the last one, and the library rejects clusters beside another one than its own.
    private static void JudgeProxyClients(OperationAnalysisContext context, IInvocationOperation call)
    {
        if (!ClientChain.Before(call).Concat(CallChain.After(call)).Any(ClientChain.IsProxy)) return;
        const string Message = "ConfigureHttpClient replaces what creates the clients of the clusters, as AddSpiffeMtls does, so every configuration with a cluster is rejected. " +
            "Remove the call, and change the settings in the argument 'configure' of AddSpiffeMtls, which receives the SocketsHttpHandler.";
        context.ReportDiagnostic(Diagnostic.Create(Rules.ReplacedHandler, CallChain.NameOf(call), Message));
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

    private static void JudgeRepeated(OperationAnalysisContext context, IInvocationOperation call, string client, Func<IInvocationOperation, bool> isSame)
    {
        if (ClientChain.Before(call).Any(isSame))
            context.ReportDiagnostic(Diagnostic.Create(Rules.SeveralServers, CallChain.NameOf(call), $"AddSpiffeMtls() has been called on this {client} already. Keep one of the calls."));
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

    private static bool IsConfigureHttpClient(IMethodSymbol method) =>
        method is { Name: "ConfigureHttpClient", ContainingType: { Name: "ReverseProxyServiceCollectionExtensions", ContainingAssembly.Name: "Yarp.ReverseProxy" } };

    private static bool IsFramework(IMethodSymbol method) => method.ContainingAssembly.Name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal);
}
