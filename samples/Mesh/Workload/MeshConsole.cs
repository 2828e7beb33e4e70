using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Mesh;

/// <summary>One line for each event: the time, the part of the mesh, the trace ID of the request, and what happened. The trace ID identifies a request in the logs of all processes.</summary>
public static class MeshConsole
{
    /// <summary>Logs to the console only.</summary>
    /// <param name="logging">The logging of the host.</param>
    /// <param name="part">The part of the mesh, for example <c>service-a</c>.</param>
    public static ILoggingBuilder AddMeshConsole(this ILoggingBuilder logging, string part)
    {
        logging.ClearProviders().AddConsole(static console => console.FormatterName = nameof(Formatter)).AddConsoleFormatter<Formatter, ConsoleFormatterOptions>();
        logging.Services.AddSingleton(new Part(part));

        // Each request is logged as one line of our own.
        logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning).AddFilter("System.Net.Http", LogLevel.Warning).AddFilter("Yarp", LogLevel.Warning).AddFilter("Microsoft.Hosting", LogLevel.Warning);
        return logging;
    }

    private sealed record Part(string Name);

    private sealed class Formatter(Part part) : ConsoleFormatter(nameof(Formatter))
    {
        private const string NoTrace = "-";

        public override void Write<TState>(in LogEntry<TState> entry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
        {
            var level = entry.LogLevel switch { >= LogLevel.Error => "error", LogLevel.Warning => "warn", _ => "info" };
            var text = entry.Formatter(entry.State, entry.Exception);
            if (entry.Exception is { } exception) text += $" {exception.GetType().Name}: {exception.Message}";

            // Input of a peer must not start a new line.
            textWriter.WriteLine($"{DateTimeOffset.UtcNow:HH:mm:ss.fff} {part.Name,-10} {level,-5} {Activity.Current?.TraceId.ToString() ?? NoTrace,-32} {text.ReplaceLineEndings(" ")}");
        }
    }
}
