using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AspNetSpiffe.Analyzers;

/// <summary>ASPS003: moves UseSocketsHttpHandler before AddSpiffeMtls, which keeps its settings.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class HandlerFixProvider : CodeFixProvider
{
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = [Rules.ReplacedHandlerId];

    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        foreach (var diagnostic in context.Diagnostics)
        {
            if (!diagnostic.Properties.TryGetValue(Rules.MoveBefore, out var method)) continue;
            if (root?.FindNode(diagnostic.Location.SourceSpan).FirstAncestorOrSelf<InvocationExpressionSyntax>() is not { } call || CallsDownTo(method, call) is not { } calls) continue;
            context.RegisterCodeFix(
                CodeAction.Create($"Move it before {method}", _ => Task.FromResult(context.Document.WithSyntaxRoot(MoveLastToFront(root, calls))), nameof(HandlerFixProvider)),
                diagnostic);
        }
    }

    // In source order.
    private static List<InvocationExpressionSyntax>? CallsDownTo(string? method, InvocationExpressionSyntax last)
    {
        var calls = new List<InvocationExpressionSyntax> { last };
        while (calls[0].Expression is MemberAccessExpressionSyntax { Expression: InvocationExpressionSyntax earlier })
        {
            calls.Insert(0, earlier);
            if (NameOf(earlier)?.Identifier.ValueText == method) return calls;
        }

        return null;
    }

    // Names and arguments are swapped; the dots and their lines are kept.
    private static SyntaxNode MoveLastToFront(SyntaxNode root, List<InvocationExpressionSyntax> calls)
    {
        var moved = new Dictionary<SyntaxNode, SyntaxNode>();
        for (var i = 0; i < calls.Count; i++)
        {
            var from = calls[(i + calls.Count - 1) % calls.Count];
            moved.Add(NameOf(calls[i])!, NameOf(from)!.WithTriviaFrom(NameOf(calls[i])!));
            moved.Add(calls[i].ArgumentList, from.ArgumentList.WithTriviaFrom(calls[i].ArgumentList));
        }

        return root.ReplaceNodes(moved.Keys, (node, _) => moved[node]);
    }

    private static SimpleNameSyntax? NameOf(InvocationExpressionSyntax call) => (call.Expression as MemberAccessExpressionSyntax)?.Name;
}
