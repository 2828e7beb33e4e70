using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AspNetSpiffe.Analyzers;

/// <summary>ASPS001 and ASPS002: replaces a text with its obvious correction.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class TextFixProvider : CodeFixProvider
{
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = [Rules.MalformedPatternId, Rules.MalformedNameId];

    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        foreach (var diagnostic in context.Diagnostics)
        {
            if (!diagnostic.Properties.TryGetValue(Rules.Replacement, out var replacement) || replacement is null) continue;
            if (root?.FindToken(diagnostic.Location.SourceSpan.Start).Parent is not LiteralExpressionSyntax literal) continue;

            var changed = root.ReplaceNode(literal, SyntaxFactory.LiteralExpression(SyntaxKind.StringLiteralExpression, SyntaxFactory.Literal(replacement)).WithTriviaFrom(literal));
            context.RegisterCodeFix(CodeAction.Create($"Write '{replacement}'", _ => Task.FromResult(context.Document.WithSyntaxRoot(changed)), Rules.Replacement), diagnostic);
        }
    }
}
