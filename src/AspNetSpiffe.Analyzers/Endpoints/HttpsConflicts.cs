using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>The settings of a UseHttps call that conflict with mutual TLS with SVIDs, named as in the library's own message.</summary>
internal static class HttpsConflicts
{
    private const string Callback = "TlsHandshakeCallbackOptions (or ServerOptionsSelectionCallback)";

    public static bool IsUseHttps(IInvocationOperation call) =>
        call.TargetMethod is { Name: "UseHttps", ContainingType: { Name: "ListenOptionsHttpsExtensions", ContainingAssembly.Name: "Microsoft.AspNetCore.Server.Kestrel.Core" or "Microsoft.AspNetCore.Server.Kestrel" } };

    public static IReadOnlyCollection<string> In(IInvocationOperation useHttps)
    {
        var conflicts = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var argument in useHttps.Arguments)
        {
            var value = argument.Value is IConversionOperation { Operand: var operand } ? operand : argument.Value;
            if (argument.Parameter?.Type.Name is "TlsHandshakeCallbackOptions" or "ServerOptionsSelectionCallback") conflicts.Add(Callback);
            else if (argument.Parameter?.Name is "fileName" or "storeName" or "serverCertificate") conflicts.Add("ServerCertificate");
            else if (value is IDelegateCreationOperation { Target: IAnonymousFunctionOperation lambda }) conflicts.UnionWith(InLambda(lambda));
            else if (value is IObjectCreationOperation { Type.Name: "HttpsConnectionAdapterOptions", Initializer.Initializers: var initializers })
                conflicts.UnionWith(initializers.OfType<ISimpleAssignmentOperation>().Select(InAssignment).OfType<string>());
        }

        return conflicts;
    }

    // A conditional assignment may not run, and of two assignments the last one applies.
    private static IEnumerable<string> InLambda(IAnonymousFunctionOperation lambda) =>
        from assignment in lambda.Body.Descendants().OfType<ISimpleAssignmentOperation>()
        where assignment.Target is IPropertyReferenceOperation { Instance: IParameterReferenceOperation { Parameter: var parameter } } && SymbolEqualityComparer.Default.Equals(parameter, lambda.Symbol.Parameters[0])
        group assignment by ((IPropertyReferenceOperation)assignment.Target).Property.Name into ofProperty
        let last = ofProperty.Last()
        where StraightLine.Leads(lambda.Body, last)
        select InAssignment(last) into conflict
        where conflict is not null
        select conflict;

    private static string? InAssignment(ISimpleAssignmentOperation assignment)
    {
        if (assignment.Target is not IPropertyReferenceOperation { Property: { Name: var name, ContainingType.Name: "HttpsConnectionAdapterOptions" } }) return null;
        return name switch
        {
            "ServerCertificate" or "ServerCertificateChain" or "ServerCertificateSelector" or "ClientCertificateValidation" => IsSomething(assignment.Value) ? name : null,
            "CheckCertificateRevocation" => assignment.Value.ConstantValue.Value is true ? name : null,
            "ClientCertificateMode" => assignment.Value is IFieldReferenceOperation { Field.Name: ("AllowCertificate" or "DelayCertificate") and var mode } ? $"{name} = {mode}" : null,
            _ => null,
        };
    }

    private static bool IsSomething(IOperation value) => value switch
    {
        { ConstantValue.HasValue: true } or IDefaultValueOperation or IConditionalOperation or ICoalesceOperation or ISwitchExpressionOperation or IConditionalAccessOperation => false,
        IConversionOperation { Operand: var operand } => IsSomething(operand),
        IDelegateCreationOperation or IObjectCreationOperation or ICollectionExpressionOperation => true,
        _ => value.SemanticModel!.GetTypeInfo(value.Syntax).Nullability.FlowState != NullableFlowState.MaybeNull,
    };
}
