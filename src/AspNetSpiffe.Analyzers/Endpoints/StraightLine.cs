using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>Whether code runs whenever the code around it does.</summary>
internal static class StraightLine
{
    /// <summary>Determines whether nothing stands between an operation and one around it that could leave it out: no condition, loop or catch, no jump before it, no function that somebody else may call or not.</summary>
    public static bool Leads(IOperation from, IOperation to)
    {
        for (var step = to.Parent; step is not null && step != from; step = step.Parent)
            if (!IsStraight(step))
                return false;

        return !from.Descendants().Any(jump => jump is IReturnOperation { IsImplicit: false } or IThrowOperation or IBranchOperation && IsBefore(jump, to, from));
    }

    /// <summary>Determines whether what an operation holds is run whenever the operation is.</summary>
    public static bool IsStraight(IOperation step) => step switch
    {
        IBlockOperation or IExpressionStatementOperation or IInvocationOperation or IArgumentOperation or IDelegateCreationOperation or IConversionOperation or IReturnOperation or IAwaitOperation
            or IVariableDeclarationGroupOperation or IVariableDeclarationOperation or IVariableDeclaratorOperation or IVariableInitializerOperation or ISimpleAssignmentOperation
            or IPropertyReferenceOperation or IUsingOperation or IUsingDeclarationOperation => true,
        IAnonymousFunctionOperation { Parent: IDelegateCreationOperation { Parent: IArgumentOperation { Parent: IInvocationOperation { TargetMethod: var method } } } } => RunsAtStart(method),
        _ => false,
    };

    // The methods by which endpoints are configured, which call their argument once for a host or an endpoint.
    private static bool RunsAtStart(IMethodSymbol method) => method.ContainingAssembly.Name.StartsWith("Microsoft.", StringComparison.Ordinal) && method.Name switch
    {
        "ConfigureKestrel" or "UseKestrel" or "UseKestrelCore" or "ConfigureWebHost" or "ConfigureWebHostDefaults" or "ConfigureServices" => true,
        "Listen" or "ListenAnyIP" or "ListenLocalhost" or "ListenUnixSocket" or "ListenNamedPipe" or "ListenHandle" => true,
        "Configure" or "PostConfigure" => method is { TypeArguments: [{ Name: "KestrelServerOptions" }] } && method.Parameters.All(static parameter => parameter.Type.SpecialType != SpecialType.System_String),
        _ => false,
    };

    // A jump ends only the function in which it stands.
    private static bool IsBefore(IOperation jump, IOperation to, IOperation from)
    {
        if (jump.Syntax.SpanStart >= to.Syntax.SpanStart || jump.Syntax.Span.Contains(to.Syntax.Span)) return false;
        for (var step = jump.Parent; step is not null && step != from; step = step.Parent)
            if (step is IAnonymousFunctionOperation or ILocalFunctionOperation)
                return step.Syntax.Span.Contains(to.Syntax.Span);

        return true;
    }
}
