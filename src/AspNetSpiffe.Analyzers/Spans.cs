namespace System;

/// <summary>What spans can do where the library runs, and cannot where the compiler may run.</summary>
internal static class Spans
{
    public static bool Contains(this ReadOnlySpan<char> text, char c) => text.IndexOf(c) >= 0;
}
