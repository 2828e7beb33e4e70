using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>The settings that a lambda certainly makes of its options.</summary>
internal static class OptionsLambda
{
    /// <summary>Returns the assignments that apply: of two to one property the last, and none under a condition.</summary>
    public static IEnumerable<ISimpleAssignmentOperation> AssignmentsIn(IAnonymousFunctionOperation lambda) =>
        from assignment in lambda.Body.Descendants().OfType<ISimpleAssignmentOperation>()
        where assignment.Target is IPropertyReferenceOperation { Instance: IParameterReferenceOperation { Parameter: var parameter } } && SymbolEqualityComparer.Default.Equals(parameter, lambda.Symbol.Parameters[0])
        group assignment by ((IPropertyReferenceOperation)assignment.Target).Property.Name into ofProperty
        let last = ofProperty.Last()
        where StraightLine.Leads(lambda.Body, last)
        select last;

    /// <summary>Determines whether a value is certainly not null.</summary>
    public static bool IsSomething(IOperation value) => value switch
    {
        { ConstantValue.HasValue: true } or IDefaultValueOperation or IConditionalOperation or ICoalesceOperation or ISwitchExpressionOperation or IConditionalAccessOperation => false,
        IConversionOperation { Operand: var operand } => IsSomething(operand),
        IDelegateCreationOperation or IObjectCreationOperation or ICollectionExpressionOperation => true,
        _ => value.SemanticModel!.GetTypeInfo(value.Syntax).Nullability.FlowState != NullableFlowState.MaybeNull,
    };
}
