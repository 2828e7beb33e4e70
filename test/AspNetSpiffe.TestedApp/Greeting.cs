namespace AspNetSpiffe.TestedApp;

/// <summary>Something that a test replaces.</summary>
public sealed record Greeting(string Text);
