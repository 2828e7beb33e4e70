using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>The calls on one builder of clients: AddHttpClient("orders").AddSpiffeMtls(…).UseSocketsHttpHandler(…).</summary>
internal static class ClientChain
{
    /// <summary>Returns the earlier calls of the chain, the nearest first; none if the builder is a parameter.</summary>
    public static IReadOnlyList<IInvocationOperation> Before(IInvocationOperation call) => Read(call) is { IsOfParameter: false, Calls: var calls } ? calls : [];

    /// <summary>Determines whether the builder is a parameter: it may be that of ConfigureHttpClientDefaults, or of code that goes on with it, so other calls may override these.</summary>
    public static bool IsOfParameter(IInvocationOperation call) => Read(call).IsOfParameter;

    /// <summary>Determines whether a call is AddSpiffeMtls or a similar method.</summary>
    public static bool IsAddSpiffe(IInvocationOperation call) => call.TargetMethod is
    {
        Name: "AddSpiffeMtls" or "AddSpiffeTls" or "AddSpiffeMtlsToWeb" or "AddSpiffeFromConfiguration",
        ContainingType: { Name: "SpiffeHttpClientBuilderExtensions", ContainingAssembly.Name: "AspNetSpiffe.Workload" },
    };

    /// <summary>Determines whether a call is AddSpiffeMtls of a hub connection.</summary>
    public static bool IsHub(IInvocationOperation call) => call.TargetMethod is
    {
        Name: "AddSpiffeMtls",
        ContainingType: { Name: "SpiffeHubConnectionBuilderExtensions", ContainingAssembly.Name: "AspNetSpiffe.SignalR.Client" },
    };

    /// <summary>Determines whether a call is AddSpiffeMtls of a reverse proxy.</summary>
    public static bool IsProxy(IInvocationOperation call) => call.TargetMethod is
    {
        Name: "AddSpiffeMtls",
        ContainingType: { Name: "SpiffeReverseProxyBuilderExtensions", ContainingAssembly.Name: "AspNetSpiffe.Yarp" },
    };

    private static (List<IInvocationOperation> Calls, bool IsOfParameter) Read(IInvocationOperation call)
    {
        var before = new List<IInvocationOperation>();
        var receiver = CallChain.ReceiverOf(call);
        for (; receiver is IInvocationOperation earlier && IsBuilder(earlier.Type); receiver = CallChain.ReceiverOf(earlier)) before.Add(earlier);
        return (before, receiver is IParameterReferenceOperation parameter && IsBuilder(parameter.Type));
    }

    private static bool IsBuilder(ITypeSymbol? type) => type is
    {
        Name: "IHttpClientBuilder" or "IHubConnectionBuilder" or "IReverseProxyBuilder",
        ContainingNamespace.Name: "DependencyInjection" or "Client",
    };
}
