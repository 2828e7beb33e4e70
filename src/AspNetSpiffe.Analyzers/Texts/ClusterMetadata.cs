using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>The metadata of a YARP cluster that are created as a dictionary.</summary>
internal static class ClusterMetadata
{
    /// <summary>Returns the values of the key with the expected server.</summary>
    public static IEnumerable<IOperation> ServersIn(IOperation metadata) => metadata switch
    {
        IConversionOperation { Operand: var operand } => ServersIn(operand),
        IObjectCreationOperation { Initializer.Initializers: var entries } => entries.Select(ServerIn).OfType<IOperation>(),
        _ => [],
    };

    // ["SpiffeId"] = "…", or { "SpiffeId", "…" }.
    private static IOperation? ServerIn(IOperation entry) => entry switch
    {
        ISimpleAssignmentOperation { Target: IPropertyReferenceOperation { Arguments: [{ Value: var key }] }, Value: var value } when IsServer(key) => value,
        IInvocationOperation { Arguments: [{ Value: var key }, { Value: var value }] } when IsServer(key) => value,
        _ => null,
    };

    private static bool IsServer(IOperation key) => key.ConstantValue.Value is string text && text.Equals("SpiffeId", StringComparison.OrdinalIgnoreCase);
}
