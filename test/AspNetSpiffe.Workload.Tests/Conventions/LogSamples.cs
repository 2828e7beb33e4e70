using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Conventions;

/// <summary>Events for the tests of the reference: one as it must be, and some that lack something.</summary>
internal static partial class LogSamples
{
    public const string Category = "Samples";

    /// <summary>What is composed has no template.</summary>
    /// <remarks>Nothing.</remarks>
    /// <seealso cref="Category"/>
    public static readonly EventId WithoutMessage = new(4, "WithoutMessage");

    public static readonly EventId Undocumented = new(5, "Undocumented");

    /// <summary>
    /// It is <c>this</c>,
    /// on two lines.
    /// </summary>
    /// <remarks>See <see href="#two">that</see> and <see cref="LogLevel.Debug"/>.</remarks>
    /// <seealso cref="Category"/>
    [LoggerMessage(1, LogLevel.Warning, "One of {Number}.", EventName = "One")]
    public static partial void One(ILogger logger, int number);

    /// <summary>It has no name.</summary>
    /// <remarks>Nothing.</remarks>
    /// <seealso cref="Category"/>
    [LoggerMessage(3, LogLevel.Warning, "Nameless.")]
    public static partial void Nameless(ILogger logger);
}
