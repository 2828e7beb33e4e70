namespace System;

/// <summary>Methods of spans that the library's framework has, and that of the compiler may lack.</summary>
internal static class Spans
{
    public static bool Contains(this ReadOnlySpan<char> text, char c) => text.IndexOf(c) >= 0;
}
