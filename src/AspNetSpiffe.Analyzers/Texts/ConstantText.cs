using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AspNetSpiffe.Analyzers;

/// <summary>Finds the source location of a character of a constant text.</summary>
internal static class ConstantText
{
    /// <summary>Returns the location of a character; after the last one, that of the closing quote. For a named constant, the location of its name.</summary>
    public static Location LocationOf(SemanticModel model, SyntaxNode expression, int position) => expression switch
    {
        ParenthesizedExpressionSyntax { Expression: var inner } => LocationOf(model, inner, position),
        BinaryExpressionSyntax { RawKind: (int)SyntaxKind.AddExpression, Left: var left, Right: var right } when LengthOf(model, left) is { } length =>
            position < length ? LocationOf(model, left, position) : LocationOf(model, right, position - length),
        InterpolatedStringExpressionSyntax interpolated => LocationIn(model, interpolated, position),
        LiteralExpressionSyntax { Token: var token } => LocationIn(token, token.ValueText, position) ?? expression.GetLocation(),
        _ => expression.GetLocation(),
    };

    private static int? LengthOf(SemanticModel model, ExpressionSyntax expression) => (model.GetConstantValue(expression).Value as string)?.Length;

    private static Location LocationIn(SemanticModel model, InterpolatedStringExpressionSyntax interpolated, int position)
    {
        foreach (var part in interpolated.Contents)
        {
            var length = part switch
            {
                InterpolatedStringTextSyntax { TextToken.ValueText: var text } => text.Length,
                InterpolationSyntax { Expression: var inner } => LengthOf(model, inner),
                _ => null,
            };
            if (length is not { } some) break;
            if (position < some)
                return part switch
                {
                    InterpolationSyntax { Expression: var inner } => LocationOf(model, inner, position),
                    InterpolatedStringTextSyntax { TextToken: var token } when token.Text == token.ValueText => CharacterOf(token, position),
                    _ => part.GetLocation(),
                };
            position -= some;
        }

        return interpolated.GetLocation();
    }

    // Only if each character of the value is one character of the source: no escapes, and a single line.
    private static Location? LocationIn(SyntaxToken token, string value, int position)
    {
        var begin = token.Text.IndexOf('"') + 1;
        while (begin > 0 && begin < token.Text.Length && token.IsKind(SyntaxKind.SingleLineRawStringLiteralToken) && token.Text[begin] == '"') begin++;
        return begin > 0 && string.CompareOrdinal(token.Text, begin, value, 0, value.Length) == 0 && begin + value.Length < token.Text.Length && token.Text[begin + value.Length] == '"'
            ? CharacterOf(token, begin + position)
            : null;
    }

    private static Location CharacterOf(SyntaxToken token, int offset) => Location.Create(token.SyntaxTree!, new TextSpan(token.SpanStart + offset, 1));
}
