using System.Runtime.CompilerServices;

namespace Mesh.Demo;

/// <summary>Prints what happens, step by step.</summary>
internal sealed class Story
{
    private int _step;

    public string Current { get; private set; } = "start";

    public void Step(string title)
    {
        Current = title;
        Console.WriteLine();
        Console.WriteLine($"{++_step}. {title}");
    }

    public void Tell(string what, object? outcome) => Console.WriteLine($"   {what,-34}{outcome}");

    public void Show(IEnumerable<string> lines)
    {
        foreach (var line in lines) Console.WriteLine($"   {line}");
    }

    /// <summary>Fails the demonstration if a condition is not met.</summary>
    public static void Expect(bool holds, [CallerArgumentExpression(nameof(holds))] string? what = null)
    {
        if (!holds) throw new InvalidOperationException($"This does not hold: {what}");
    }
}
