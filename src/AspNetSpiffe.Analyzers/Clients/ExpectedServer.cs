using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>The argument with the expected server of a client.</summary>
internal static class ExpectedServer
{
    public static bool Is(IParameterSymbol? parameter) =>
        parameter is
        {
            Name: "expectedServer",
            ContainingType:
            {
                Name: "SpiffeHttpClientBuilderExtensions" or "SpiffeHttpHandler" or "SpiffeHubConnectionBuilderExtensions",
                ContainingAssembly.Name: "AspNetSpiffe.Workload" or "AspNetSpiffe.SignalR.Client",
            },
        };

    /// <summary>Returns the pattern of a value if it is known: a constant text, such a text parsed, or SpiffeIdPattern.Any.</summary>
    public static string? PatternOf(IOperation value) => value switch
    {
        { ConstantValue.Value: string text } => text,
        IConversionOperation { Operand: var operand } => PatternOf(operand),
        IPropertyReferenceOperation { Property: { Name: "Any", ContainingType: var type } } when IsPattern(type) => SpiffeIdPattern.AnyText,
        IInvocationOperation { TargetMethod: { Name: "Parse", ContainingType: var type }, Arguments: [{ Value: var text }] } when IsPattern(type) => text.ConstantValue.Value as string,
        _ => null,
    };

    private static bool IsPattern(INamedTypeSymbol type) => type is { Name: nameof(SpiffeIdPattern), ContainingAssembly.Name: "AspNetSpiffe.Workload" };
}
