using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>The settings of a WithUrl call that conflict with a SPIFFE identity.</summary>
internal static class HubConflicts
{
    private const string Svid = "Remove it: the client presents its SVID, which SpiffeOptions.Hint or SpiffeOptions.Identity selects";
    private const string Handler = "Remove it: AddSpiffeMtls creates the handler, and its argument 'configure' receives the SocketsHttpHandler";
    private const string WebSocket = "Remove it: AddSpiffeMtls creates the web sockets, and WebSocketConfiguration changes their settings";

    public static bool IsWithUrl(IInvocationOperation call) =>
        call.TargetMethod is { Name: "WithUrl", ContainingType: { Name: "HubConnectionBuilderHttpExtensions", ContainingAssembly.Name: "Microsoft.AspNetCore.SignalR.Client" } };

    public static IEnumerable<(IOperation At, string Problem, string Remedy)> In(IInvocationOperation withUrl)
    {
        var url = withUrl.Arguments.Single(static argument => argument.Parameter?.Name == "url").Value;
        var configure = withUrl.Arguments.FirstOrDefault(static argument => argument.Parameter?.Name == "configureHttpConnection")?.Value;
        var lambda = (configure as IDelegateCreationOperation)?.Target as IAnonymousFunctionOperation;

        // The settings may change the address.
        if (AddressOf(url) is { } address && address.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && (configure is null || (lambda is not null && !Mentions(lambda, "Url").Any())))
            yield return (url, $"The address is '{address}', and only https is called", "Change it to https");
        if (lambda is null) yield break;

        foreach (var assignment in OptionsLambda.AssignmentsIn(lambda))
            if (((IPropertyReferenceOperation)assignment.Target).Property.Name is var name && RemedyFor(name, assignment.Value) is { } remedy)
                yield return (assignment, $"{name} would have no effect", remedy);
        if (Mentions(lambda, "ClientCertificates").LastOrDefault()?.Parent is IInvocationOperation { TargetMethod.Name: "Add" } add && StraightLine.Leads(lambda.Body, add))
            yield return (add, "ClientCertificates would have no effect", Svid);
    }

    private static string? RemedyFor(string property, IOperation value) => property switch
    {
        "ClientCertificates" when PatternElements.Of(value).Any(static element => element is not ISpreadOperation) => Svid,
        "UseDefaultCredentials" when value is { ConstantValue.Value: true } or IConversionOperation { Operand.ConstantValue.Value: true } => Svid,
        "Credentials" when OptionsLambda.IsSomething(value) => Svid,
        "HttpMessageHandlerFactory" when OptionsLambda.IsSomething(value) => Handler,
        "WebSocketFactory" when OptionsLambda.IsSomething(value) => WebSocket,
        _ => null,
    };

    private static IEnumerable<IPropertyReferenceOperation> Mentions(IAnonymousFunctionOperation lambda, string property) =>
        lambda.Body.Descendants().OfType<IPropertyReferenceOperation>().Where(reference => reference.Property is { Name: var name, ContainingType.Name: "HttpConnectionOptions" } && name == property);

    private static string? AddressOf(IOperation url) => url switch
    {
        { ConstantValue.Value: string text } => text,
        IObjectCreationOperation { Type.Name: "Uri", Arguments: [{ Value.ConstantValue.Value: string text }] } => text,
        _ => null,
    };
}
