using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Reads all settings before anything is built on them: all errors come in one error, which is logged once.</summary>
/// <remarks>The host writes whatever fails its start to the log, and throws it again, so that it is printed once more. We say it ourselves, and let them say that it was said.</remarks>
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

    /// <summary>All errors, one a line. Their stack would say nothing about them.</summary>
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
