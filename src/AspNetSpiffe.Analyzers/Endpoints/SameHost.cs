using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>Determines whether two calls configure one host, and always run together.</summary>
internal static class SameHost
{
    public static bool Has(IInvocationOperation useSpiffeMtls, IInvocationOperation useHttps)
    {
        if (RootOf(useSpiffeMtls) is not { } host || !BuildersAround(useHttps).Contains(host, SymbolEqualityComparer.Default)) return false;
        var around = new HashSet<IOperation>(AncestorsOf(useSpiffeMtls));

        // An 'if' with one call in each branch is also a common ancestor.
        return AncestorsOf(useHttps).FirstOrDefault(around.Contains) is { } common && StraightLine.IsStraight(common) && StraightLine.Leads(common, useSpiffeMtls) && StraightLine.Leads(common, useHttps);
    }

    // builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(8443, listen => listen.UseHttps(…))): listen, kestrel, builder.
    private static IEnumerable<ISymbol> BuildersAround(IInvocationOperation call) => AncestorsOf(call).Prepend(call).OfType<IInvocationOperation>().Select(RootOf).OfType<ISymbol>();

    private static ISymbol? RootOf(IOperation? operation) => operation switch
    {
        IInvocationOperation call => RootOf(CallChain.ReceiverOf(call)),
        IPropertyReferenceOperation { Instance: var instance } => RootOf(instance),
        IConversionOperation { Operand: var operand } => RootOf(operand),
        ILocalReferenceOperation { Local: var local } => local,
        IParameterReferenceOperation { Parameter: var parameter } => parameter,
        _ => null,
    };

    private static IEnumerable<IOperation> AncestorsOf(IOperation operation)
    {
        for (var parent = operation.Parent; parent is not null; parent = parent.Parent) yield return parent;
    }
}
