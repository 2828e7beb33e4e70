using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>Chained method calls: each is called on the result of the previous one.</summary>
internal static class CallChain
{
    /// <summary>Returns the receiver of a call, also of an extension method.</summary>
    public static IOperation? ReceiverOf(IInvocationOperation call)
    {
        var receiver = call.Instance ?? (call.TargetMethod.IsExtensionMethod ? call.Arguments.FirstOrDefault(static argument => argument.Parameter?.Ordinal == 0)?.Value : null);
        while (receiver is IConversionOperation { Operand: var operand }) receiver = operand;
        return receiver;
    }

    /// <summary>Returns the later calls of the chain, the nearest first.</summary>
    public static IEnumerable<IInvocationOperation> After(IInvocationOperation call)
    {
        for (var later = NextOf(call); later is not null; later = NextOf(later)) yield return later;
    }

    /// <summary>Returns the location of the method's name.</summary>
    public static Location NameOf(IInvocationOperation call) =>
        call.Syntax is InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name: var name } } ? name.GetLocation() : call.Syntax.GetLocation();

    private static IInvocationOperation? NextOf(IInvocationOperation call)
    {
        IOperation value = call;
        while (value.Parent is IConversionOperation or IArgumentOperation) value = value.Parent;
        return value.Parent is IInvocationOperation next && ReceiverOf(next) == call ? next : null;
    }
}
