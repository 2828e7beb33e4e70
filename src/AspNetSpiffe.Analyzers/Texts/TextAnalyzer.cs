using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AspNetSpiffe.Analyzers;

/// <summary>ASPS001, ASPS002 and ASPS005: constant texts that the library would reject, or that accept any server.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class TextAnalyzer() : LibraryAnalyzer("AspNetSpiffe.SpiffeIdPattern")
{
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.MalformedPattern, Rules.MalformedName, Rules.AnyServer];

    protected override void Register(CompilationStartAnalysisContext start)
    {
        var places = new TextPlaces(start.Compilation);
        start.RegisterOperationAction(operation => JudgeArgument(operation, places), OperationKind.Argument);
        start.RegisterOperationAction(operation => JudgeAssignment(operation, places), OperationKind.SimpleAssignment);
    }

    private static void JudgeArgument(OperationAnalysisContext context, TextPlaces places)
    {
        var argument = (IArgumentOperation)context.Operation;
        if (argument.ArgumentKind == ArgumentKind.DefaultValue) return;
        if (ExpectedServer.Is(argument.Parameter)) JudgeServer(context, argument.Value);

        if (places.Of(argument.Parameter) is not { } kind) return;
        if (argument.Parameter!.Type is not IArrayTypeSymbol) JudgeOne(context, argument.Value, kind);
        else foreach (var name in PatternElements.Of(argument.Value)) JudgeOne(context, name, kind);
    }

    private static void JudgeAssignment(OperationAnalysisContext context, TextPlaces places)
    {
        var assignment = (ISimpleAssignmentOperation)context.Operation;
        if (assignment.Target is not IPropertyReferenceOperation { Property: var property }) return;
        if (places.IsPolicy(property)) JudgeOne(context, assignment.Value, TextKind.PolicyName);
        else if (places.IsList(property)) JudgeList(context, [.. PatternElements.Of(assignment.Value)]);
        else if (places.IsClusterMetadata(property))
            foreach (var server in ClusterMetadata.ServersIn(assignment.Value))
                if (!JudgeOne(context, server, TextKind.Pattern))
                    JudgeServer(context, server);
    }

    private static void JudgeServer(OperationAnalysisContext context, IOperation server)
    {
        if (ExpectedServer.PatternOf(server) is { } pattern && TextJudge.IsAny(pattern)) context.ReportDiagnostic(Diagnostic.Create(Rules.AnyServer, server.Syntax.GetLocation()));
    }

    private static bool JudgeOne(OperationAnalysisContext context, IOperation value, TextKind kind)
    {
        if (value.ConstantValue.Value is not string text || TextJudge.FindMistake(kind, text) is not { } mistake) return false;
        Report(context, value, kind, mistake, TextFix.For(kind, text));
        return true;
    }

    // As the library does: each element separately, and then all together, because 'spiffe:any' and 'spiffe:none' cannot be combined.
    private static void JudgeList(OperationAnalysisContext context, ImmutableArray<IOperation> elements)
    {
        var wrong = 0;
        foreach (var element in elements)
            if (JudgeOne(context, element, TextKind.Pattern))
                wrong++;

        var texts = elements.Select(static element => element.ConstantValue.Value as string).ToArray();
        if (wrong > 0 || texts.Length < 2 || texts.Contains(null) || TextJudge.FindMistake(TextKind.Pattern, string.Join(",", texts)) is not { } mistake) return;

        var (at, position) = (0, mistake.Position);
        while (position > texts[at]!.Length) position -= texts[at++]!.Length + 1;
        Report(context, elements[at], TextKind.Pattern, mistake with { Position = position }, replacement: null);
    }

    private static void Report(OperationAnalysisContext context, IOperation value, TextKind kind, TextMistake mistake, string? replacement)
    {
        var rule = kind is TextKind.Pattern or TextKind.PolicyName ? Rules.MalformedPattern : Rules.MalformedName;
        var location = ConstantText.LocationOf(context.Operation.SemanticModel!, value.Syntax, mistake.Position);

        // The value of a named constant is corrected at its declaration.
        var properties = ImmutableDictionary<string, string?>.Empty;
        if (replacement is not null && value.Syntax is LiteralExpressionSyntax) properties = properties.Add(Rules.Replacement, replacement);
        context.ReportDiagnostic(Diagnostic.Create(rule, location, properties, mistake.Message));
    }
}
