using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>Determines whether code runs whenever the code around it does.</summary>
internal static class StraightLine
{
    /// <summary>Determines whether an operation always runs when an enclosing one does: no condition, loop or catch between them, no jump before it, and no function that may not be called.</summary>
    public static bool Leads(IOperation from, IOperation to)
    {
        for (var step = to.Parent; step is not null && step != from; step = step.Parent)
            if (!IsStraight(step))
                return false;

        return !from.Descendants().Any(jump => jump is IReturnOperation { IsImplicit: false } or IThrowOperation or IBranchOperation && IsBefore(jump, to, from));
    }

    /// <summary>Determines whether the children of an operation always run when the operation does.</summary>
    public static bool IsStraight(IOperation step) => step switch
    {
        IBlockOperation or IExpressionStatementOperation or IInvocationOperation or IArgumentOperation or IDelegateCreationOperation or IConversionOperation or IReturnOperation or IAwaitOperation
            or IVariableDeclarationGroupOperation or IVariableDeclarationOperation or IVariableDeclaratorOperation or IVariableInitializerOperation or ISimpleAssignmentOperation
            or IPropertyReferenceOperation or IUsingOperation or IUsingDeclarationOperation => true,
        IAnonymousFunctionOperation { Parent: IDelegateCreationOperation { Parent: IArgumentOperation { Parent: IInvocationOperation { TargetMethod: var method } } } } => RunsAtStart(method),
        _ => false,
    };

    // The methods that configure endpoints, which call their argument once per host or endpoint.
    private static bool RunsAtStart(IMethodSymbol method) => method.ContainingAssembly.Name.StartsWith("Microsoft.", StringComparison.Ordinal) && method.Name switch
    {
        "ConfigureKestrel" or "UseKestrel" or "UseKestrelCore" or "ConfigureWebHost" or "ConfigureWebHostDefaults" or "ConfigureServices" => true,
        "Listen" or "ListenAnyIP" or "ListenLocalhost" or "ListenUnixSocket" or "ListenNamedPipe" or "ListenHandle" => true,
        "Configure" or "PostConfigure" => method is { TypeArguments: [{ Name: "KestrelServerOptions" }] } && method.Parameters.All(static parameter => parameter.Type.SpecialType != SpecialType.System_String),
        _ => false,
    };

    // A jump ends only the function that contains it.
    private static bool IsBefore(IOperation jump, IOperation to, IOperation from)
    {
        if (jump.Syntax.SpanStart >= to.Syntax.SpanStart || jump.Syntax.Span.Contains(to.Syntax.Span)) return false;
        for (var step = jump.Parent; step is not null && step != from; step = step.Parent)
            if (step is IAnonymousFunctionOperation or ILocalFunctionOperation)
                return step.Syntax.Span.Contains(to.Syntax.Span);

        return true;
    }
}
