using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Validates all settings before they are used: all errors are in one exception, which is logged once.</summary>
/// <remarks>The host logs an exception that fails its start and throws it again, so it is printed twice. Here the errors are logged, and the exception refers to the log.</remarks>
internal sealed partial class SettingsCheck : IHostedService
{
    public SettingsCheck(IOptions<SpiffeOptions> options, NoopHost noop, ILoggerFactory? loggers = null)
    {
        if (noop.IsHere) return;
        try
        {
            _ = options.Value;
        }
        catch (OptionsValidationException e)
        {
            var logger = loggers?.CreateLogger(LogCategories.Settings);
            var mistakes = new SettingsException(e, isTold: logger?.IsEnabled(LogLevel.Critical) is true);
            if (logger is not null) Log.Mistakes(logger, mistakes.Message);
            throw mistakes;
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>All errors, one per line, without the stack trace, which does not help with them.</summary>
    private sealed class SettingsException(OptionsValidationException mistakes, bool isTold)
        : OptionsValidationException(mistakes.OptionsName, mistakes.OptionsType, mistakes.Failures)
    {
        public override string Message => $"{Summary}:{string.Concat(Failures.Select(failure => $"{Environment.NewLine}  {failure}"))}";

        private string Summary => $"The SPIFFE settings have {(Failures.Count() == 1 ? "an error" : $"{Failures.Count()} errors")}";

        public override string ToString() => isTold ? $"{Summary}; see the log." : Message;
    }

    /// <seealso cref="LogCategories.Settings"/>
    private static partial class Log
    {
        /// <summary>The SPIFFE settings have errors, and the start failed. The message lists all of them, each with its key.</summary>
        /// <remarks>Correct each of them, and start again.</remarks>
        [LoggerMessage(1, LogLevel.Critical, "{Mistakes}", EventName = "SettingsRefused")]
        public static partial void Mistakes(ILogger logger, string mistakes);
    }
}
