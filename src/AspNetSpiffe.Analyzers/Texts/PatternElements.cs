using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>The elements of a list that is created where it is used. A spread element counts as one element that is not constant.</summary>
internal static class PatternElements
{
    public static IEnumerable<IOperation> Of(IOperation list) => list switch
    {
        IConversionOperation { Operand: var operand } => Of(operand),
        ICollectionExpressionOperation { Elements: var elements } => elements.Select(WithoutConversion),
        IArrayCreationOperation { Initializer.ElementValues: var values } => values.Select(WithoutConversion),
        IObjectCreationOperation { Initializer.Initializers: var additions } =>
            additions.Select(static addition => addition is IInvocationOperation { Arguments: [{ Value: var value }] } ? WithoutConversion(value) : addition),
        _ => [],
    };

    private static IOperation WithoutConversion(IOperation value) => value is IConversionOperation { IsImplicit: true, Operand: var operand } ? operand : value;
}
